// Sessions as a list: whose, with what, from where, since when; ended one by one or together.
import { useState } from "preact/hooks";

import { agentName, agentOf } from "../../lib/agent";
import { api, ask, type Schema } from "../../lib/api/client";
import { usePages } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { freshly } from "../../ui/fresh";
import { Icon } from "../../ui/icon";
import { device, more, phone } from "../../ui/icons";
import { Menu } from "../../ui/popover";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import type en from "./list.en";

const t = wordsOf<typeof en>();

export type Owned = Schema<"OwnedSession">;
type Asking = { of: "one" | "user" | "address"; row: Owned };

function Device({ row: { session } }: { row: Owned }) {
  return (
    <span class="device" title={session.user_agent ?? undefined}>
      <Icon d={agentOf(session.user_agent).isPhone ? phone : device} />
      <bdi dir="ltr">{agentName(session.user_agent, t("admin.sessions.unknown"))}</bdi>
    </span>
  );
}

function State({ row: { session } }: { row: Owned }) {
  if (session.current) {
    return <Badge tone="note">{t("admin.sessions.current")}</Badge>;
  }
  return new Date(session.expires_at) < new Date() ? <Badge tone="warn">{t("admin.sessions.expired")}</Badge> : <Badge tone="good">{t("admin.sessions.active")}</Badge>;
}

function columns(isOfUser: boolean, onAsk: (asking: Asking) => void): Column<Owned>[] {
  const whose: Column<Owned> = {
    name: "user",
    label: t("admin.sessions.user"),
    cell: ({ user_id, email }) => (
      <a href={`/admin/users/${user_id}`}>
        <bdi dir="ltr">{email}</bdi>
      </a>
    ),
  };
  const acts = (row: Owned) => [
    { label: t("admin.sessions.end"), isDanger: true, act: () => onAsk({ of: "one", row }) },
    ...(isOfUser ? [] : [{ label: t("admin.sessions.end.user"), isDanger: true, act: () => onAsk({ of: "user", row }) }]),
    ...(row.session.address ? [{ label: t("admin.sessions.end.address", { address: row.session.address }), isDanger: true, act: () => onAsk({ of: "address", row }) }] : []),
    null,
    ...(isOfUser ? [] : [{ label: t("admin.sessions.only.user"), to: `/admin/sessions?user=${row.user_id}` }]),
    ...(row.session.address ? [{ label: t("admin.sessions.only.address"), to: `/admin/sessions?address=${encodeURIComponent(row.session.address)}` }] : []),
  ];
  const rest: Column<Owned>[] = [
    { name: "device", label: t("admin.sessions.device"), cell: (row) => <Device row={row} /> },
    { name: "address", label: t("admin.sessions.address"), cell: ({ session }) => (session.address ? <bdi dir="ltr">{session.address}</bdi> : "–") },
    { name: "state", label: t("admin.sessions.state"), cell: (row) => <State row={row} /> },
    { name: "created", label: t("admin.sessions.created"), cell: ({ session }) => <Time at={session.created_at} /> },
    { name: "seen", label: t("admin.sessions.seen"), cell: ({ session }) => <Time at={session.last_seen_at} /> },
    { name: "ends", label: t("admin.sessions.ends"), cell: ({ session }) => <Time at={session.expires_at} /> },
    { name: "acts", label: "", cell: (row) => (row.session.current ? null : <Menu isSmall icon={more} label={t("admin.sessions.acts", { who: row.email })} items={acts(row)} />) },
  ];
  return isOfUser ? rest : [whose, ...rest];
}

async function end({ of, row }: Asking): Promise<number> {
  if (of === "one") {
    await ask(api.DELETE("/api/admin/sessions/{id}", { params: { path: { id: row.session.id } } }));
    return 1;
  }
  const body = of === "user" ? { user_id: row.user_id } : { address: row.session.address ?? "" };
  return (await freshly(() => ask(api.POST("/api/admin/sessions/end", { body })))).ended;
}

export interface SessionQuery {
  user_id?: string;
  address?: string;
}

interface Props {
  query: SessionQuery;
  isOfUser?: boolean;
  onClear?(): void;
  onEnded?(): void;
}

export function SessionList({ query, isOfUser = false, onClear, onEnded }: Props) {
  const pages = usePages((after) => ask(api.GET("/api/admin/sessions", { params: { query: { ...query, after, limit: 50 } } })), JSON.stringify(query));
  const [asking, setAsking] = useState<Asking>();
  const act = async (what: Asking) => {
    toast(t.many("admin.sessions.ended", await end(what)));
    pages.reload();
    onEnded?.();
  };
  const isFiltered = !isOfUser && Object.keys(query).length > 0;
  return (
    <>
      <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={<Nothing icon={device} title={t("admin.sessions.none")} />} isFiltered={isFiltered} {...(onClear && { onClear })}>
        {({ items }) => (
          <>
            <Table label={t("admin.sessions.list")} columns={columns(isOfUser, setAsking)} rows={items} keyOf={({ session }) => session.id} />
            <More pages={pages} />
          </>
        )}
      </Block>
      {asking && (
        <Confirm title={t(`admin.sessions.ask.${asking.of}`, { email: asking.row.email, address: asking.row.session.address ?? "" })} label={t("admin.sessions.end.go")} isDanger act={() => act(asking)} onClose={() => setAsking(undefined)}>
          <p>{t(`admin.sessions.ask.${asking.of}.says`)}</p>
        </Confirm>
      )}
    </>
  );
}

/** The sessions of one account, with the way to end all of them. */
export function SessionsOf({ user }: { user: Schema<"User"> }) {
  const [isAsking, setAsking] = useState(false);
  const [round, setRound] = useState(0);
  const act = async () => {
    const { ended } = await freshly(() => ask(api.POST("/api/admin/sessions/end", { body: { user_id: user.id } })));
    toast(t.many("admin.sessions.ended", ended));
    setRound(round + 1);
  };
  const action = (
    <Button isSmall look="danger" onClick={() => setAsking(true)}>
      {t("admin.sessions.end.user")}
    </Button>
  );
  return (
    <Card title={t("admin.sessions.list")} action={action} isBare>
      <SessionList key={round} query={{ user_id: user.id }} isOfUser />
      {isAsking && (
        <Confirm title={t("admin.sessions.ask.user", { email: user.email })} label={t("admin.sessions.end.go")} isDanger act={act} onClose={() => setAsking(false)}>
          <p>{t("admin.sessions.ask.user.says")}</p>
        </Confirm>
      )}
    </Card>
  );
}
