// The bell: how many are new, the newest ten when it is opened, and a word to those who hear the page when one comes.
import { useEffect, useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { formatNumber } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { me } from "../../lib/me";
import { useStore } from "../../lib/store";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { bell, check } from "../../ui/icons";
import { Popover } from "../../ui/popover";
import { NoticeItem } from "./item";
import { markSeen, markRead } from "./marks";
import { type Notification, titleOf } from "./words";
import type en from "../panel/en";
import "./inbox.css";

const t = wordsOf<typeof en>();

const SHOWN = 10;

function Newest({ close }: { close(): void }) {
  const loaded = useLoad(() => ask(api.GET("/api/notifications", { params: { query: { limit: SHOWN } } })));
  const all = useAct(async () => {
    await ask(api.POST("/api/notifications/mark-all-read"));
    loaded.reload();
  });
  const { data } = loaded;
  useEffect(() => {
    if (data && data.unseen > 0) {
      markSeen(data.seq);
    }
  }, [data?.seq]);
  useEffect(() => onEvent("notification", loaded.reload), []);
  return (
    <div>
      <header>
        <strong>{t("nav.inbox")}</strong>
        {data && data.unread > 0 && (
          <Button look="quiet" isSmall isBusy={all.isBusy} onClick={() => void all.run()}>
            {t("inbox.all_read")}
          </Button>
        )}
      </header>
      <Block loaded={loaded} isEmpty={({ items }) => items.length === 0} empty={<Nothing icon={check} title={t("inbox.done")} />}>
        {({ items }) => (
          <ul>
            {items.map((item) => (
              <NoticeItem
                key={item.id}
                item={item}
                isShort
                onFollow={() => {
                  close();
                  void markRead([item.id]);
                }}
              />
            ))}
          </ul>
        )}
      </Block>
      <footer>
        <a href="/notifications" onClick={close}>
          {t("inbox.see_all")}
        </a>
        <a href="/settings/notifications" onClick={close}>
          {t("nav.settings")}
        </a>
      </footer>
    </div>
  );
}

/** What just came, once, for those who hear the page. */
function Arrival() {
  const [said, setSaid] = useState("");
  useEffect(() => onEvent<Notification>("notification", (item) => setSaid(t("inbox.arrived", { title: titleOf(item) }))), []);
  return (
    <span class="unseen" role="status">
      {said}
    </span>
  );
}

export function Bell() {
  const unseen = useStore(me)?.unseen ?? 0;
  const label = unseen > 0 ? t.many("inbox.bell", unseen) : t("nav.inbox");
  const badge = unseen > 0 && (
    <span class="with-dot" aria-hidden="true">
      {unseen > 99 ? `${formatNumber(99)}+` : formatNumber(unseen)}
    </span>
  );
  return (
    <>
      <Popover label={label} icon={bell} badge={badge} class="bell">
        {(close) => <Newest close={close} />}
      </Popover>
      <Arrival />
    </>
  );
}
