// Messages to everybody: written, counted, scheduled, followed, recalled.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatDate, formatNumber } from "../../lib/format";
import { usePages } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { send } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import { Compose } from "./compose";
import type en from "./en";
import "./notifications.css";

const t = wordsOf<typeof en>();

type Broadcast = Schema<"Broadcast">;
const TONES: Record<string, Tone> = { scheduled: "note", live: "good", recalled: "warn", ended: "" };
const isOver = ({ state }: Broadcast): boolean => state === "recalled" || state === "ended";

function audience({ audience: { role, verified, created_after: after, created_before: before } }: Broadcast): string {
  const parts = [
    t.maybe(`compose.role.${role ?? "any"}`, role ?? ""),
    verified === null || verified === undefined ? "" : t(`compose.verified.${verified ? "true" : "false"}`),
    after ? `≥ ${formatDate(after, { dateStyle: "medium" })}` : "",
    before ? `< ${formatDate(before, { dateStyle: "medium" })}` : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** How many have read it, as a bar and in words. */
function Read({ one: { read, reach } }: { one: Broadcast }) {
  const share = reach.users > 0 ? Math.min(1, read / reach.users) : 0;
  return (
    <div class="what">
      <span>{t(reach.exact ? "broadcasts.read.of" : "broadcasts.read.least", { read: formatNumber(read), all: formatNumber(reach.users) })}</span>
      <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="8" rx="2" fill="var(--hover)" />
        <rect width={share * 100} height="8" rx="2" fill="var(--accent)" />
      </svg>
    </div>
  );
}

function columns(onRecall: (one: Broadcast) => void): Column<Broadcast>[] {
  return [
    {
      name: "message",
      label: t("broadcasts.message"),
      cell: ({ title, category }) => (
        <div class="what">
          <bdi dir="auto">{title}</bdi>
          <bdi dir="ltr" class="soft">
            {category}
          </bdi>
        </div>
      ),
    },
    { name: "state", label: t("broadcasts.state"), cell: ({ state }) => <Badge tone={TONES[state] ?? ""}>{t.maybe(`broadcast.state.${state}`, state)}</Badge> },
    { name: "audience", label: t("broadcasts.audience"), cell: audience },
    { name: "read", label: t("broadcasts.read"), cell: (one) => <Read one={one} /> },
    { name: "at", label: t("broadcasts.at"), cell: ({ publish_at }) => <Time at={publish_at} /> },
    { name: "ends", label: t("broadcasts.ends"), cell: ({ ends_at }) => <Time at={ends_at} /> },
    {
      name: "acts",
      label: "",
      cell: (one) =>
        isOver(one) ? null : (
          <Button isSmall look="danger" onClick={() => onRecall(one)}>
            {t("broadcasts.recall")}
          </Button>
        ),
    },
  ];
}

export default function Notifications() {
  const pages = usePages((after) => ask(api.GET("/api/admin/broadcasts", { params: { query: { after, limit: 20 } } })));
  const [asking, setAsking] = useState<Broadcast>();
  const recall = async ({ id }: Broadcast) => {
    const recalled = await ask(api.POST("/api/admin/broadcasts/{id}/recall", { params: { path: { id } } }));
    pages.put((now) => ({ ...now, items: now.items.map((one) => (one.id === id ? recalled : one)) }));
    toast(t("broadcasts.recalled"));
  };
  const empty = (
    <Nothing icon={send} title={t("broadcasts.none")}>
      <p>{t("broadcasts.none.says")}</p>
    </Nothing>
  );
  return (
    <Screen title={t("broadcasts.title")} says={t("broadcasts.says")}>
      <Compose onSent={pages.reload} />
      <Card title={t("broadcasts.list")} isBare>
        <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={empty}>
          {({ items }) => (
            <>
              <Table label={t("broadcasts.list")} columns={columns(setAsking)} rows={items} keyOf={({ id }) => id} />
              <More pages={pages} />
            </>
          )}
        </Block>
      </Card>
      {asking && (
        <Confirm title={t("broadcasts.recall.ask", { title: asking.title })} label={t("broadcasts.recall")} isDanger act={() => recall(asking)} onClose={() => setAsking(undefined)}>
          <p>{t("broadcasts.recall.says")}</p>
        </Confirm>
      )}
    </Screen>
  );
}
