// The page of notifications: by day, live, filtered by the address, each one read or put away where it stands.
import { useEffect, useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { formatDay } from "../../lib/format";
import { useAct, usePages } from "../../lib/load";
import { me } from "../../lib/me";
import { setQuery, useQuery } from "../../lib/router";
import { useStore } from "../../lib/store";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Block, Nothing } from "../../ui/block";
import { Button, IconButton } from "../../ui/button";
import { archive as archiveIcon, bell, check } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { More } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import type en from "../panel/en";
import { isUnread, NoticeItem } from "./item";
import { archive, markAllRead, markRead, markSeen } from "./marks";
import type { Notification } from "./words";
import "./inbox.css";

const t = wordsOf<typeof en>();

const SHELVES = ["", "unread", "archived"] as const;
type Shelf = (typeof SHELVES)[number];

function list(shelf: Shelf, after: string | undefined) {
  const query = { ...(after === undefined ? {} : { after }), ...(shelf === "" ? {} : { [shelf]: true }) };
  return ask(api.GET("/api/notifications", { params: { query } }));
}

const DAY_MS = 86_400_000;

/** Today, yesterday, or the date, in the reader's zone and calendar. */
function dayOf(at: string): string {
  const day = formatDay(at);
  const now = Date.now();
  if (day === formatDay(now)) {
    return t("inbox.today");
  }
  return day === formatDay(now - DAY_MS) ? t("inbox.yesterday") : day;
}

/** New ones are shown when they are asked for: a list does not move under the hand of its reader. */
function Arrived({ count, onShow }: { count: number; onShow(): void }) {
  return count > 0 ? (
    <div class="arrived">
      <Button look="quiet" isSmall onClick={onShow}>
        {t.many("inbox.new", count)}
      </Button>
    </div>
  ) : null;
}

interface RowsProps {
  items: Notification[];
  onRead(item: Notification): void;
  onArchive(item: Notification): void;
}

function Rows({ items, onRead, onArchive }: RowsProps) {
  let day = "";
  return (
    <ul>
      {items.flatMap((item) => {
        const own = dayOf(item.created_at);
        const head = own === day ? [] : [<li key={own} class="day">{own}</li>];
        day = own;
        const acts = (
          <>
            {isUnread(item) && <IconButton isSmall icon={check} label={t("inbox.read")} onClick={() => onRead(item)} />}
            {item.state !== "archived" && <IconButton isSmall icon={archiveIcon} label={t("inbox.archive")} onClick={() => onArchive(item)} />}
          </>
        );
        return [...head, <NoticeItem key={item.id} item={item} onFollow={onRead} acts={acts} />];
      })}
    </ul>
  );
}

function useInbox(shelf: Shelf) {
  const pages = usePages((after) => list(shelf, after), shelf);
  const [arrived, setArrived] = useState(0);
  const seq = pages.data?.seq;
  useEffect(() => {
    if (shelf === "" && pages.data && pages.data.unseen > 0) {
      markSeen(pages.data.seq);
    }
    setArrived(0);
  }, [seq, shelf]);
  useEffect(() => onEvent<Notification>("notification", () => setArrived((count) => count + 1)), []);
  const change = (ids: string[], to: (item: Notification) => Notification | undefined) =>
    pages.put((now) => ({ ...now, items: now.items.flatMap((item) => (ids.includes(item.id) ? (to(item) ?? []) : [item])) }));
  // At once in place, and asked for anew if the server would not.
  const read = useAct((item: Notification) => {
    change([item.id], (it) => (shelf === "unread" ? undefined : { ...it, state: "read" }));
    return markRead([item.id]).catch(back);
  });
  const away = useAct((item: Notification) => {
    change([item.id], () => undefined);
    return archive([item.id]).catch(back);
  });
  const all = useAct(async () => {
    await markAllRead();
    pages.reload();
  });
  const back = (error: unknown) => {
    pages.reload();
    throw error;
  };
  return { pages, arrived, read, away, all, problem: read.problem ?? away.problem ?? all.problem };
}

export default function Inbox() {
  const asked = useQuery("show");
  const shelf = SHELVES.find((one) => one === asked) ?? "";
  const unread = useStore(me)?.unread ?? 0;
  const { pages, arrived, read, away, all, problem } = useInbox(shelf);
  const tabs = SHELVES.map((one) => ({
    to: one === "" ? "/notifications" : `/notifications?show=${one}`,
    label: t(`inbox.shelf.${one || "all"}`),
    isCurrent: one === shelf,
    count: one === "unread" ? unread : 0,
  }));
  const actions = unread > 0 && (
    <Button icon={check} isBusy={all.isBusy} onClick={() => void all.run()}>
      {t("inbox.all_read")}
    </Button>
  );
  const empty = (
    <Nothing icon={shelf === "archived" ? archiveIcon : bell} title={t(`inbox.empty.${shelf || "all"}`)}>
      <p>{t(`inbox.empty.${shelf || "all"}.says`)}</p>
      {shelf !== "" && (
        <Button isSmall onClick={() => setQuery({ show: "" })}>
          {t("inbox.to_all")}
        </Button>
      )}
    </Nothing>
  );
  return (
    <Screen title={t("nav.inbox")} actions={actions}>
      {problem && <ProblemNotice problem={problem} />}
      <section class="card" aria-label={t("nav.inbox")}>
        <Tabs label={t("inbox.shelves")} tabs={tabs} />
        <Arrived count={arrived} onShow={pages.reload} />
        <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={empty}>
          {({ items }) => <Rows items={items} onRead={(item) => void read.run(item)} onArchive={(item) => void away.run(item)} />}
        </Block>
        <More pages={pages} />
      </section>
    </Screen>
  );
}
