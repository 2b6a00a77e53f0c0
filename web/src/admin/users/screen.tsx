// Accounts: found, made, invited, and many changed at once.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Page, useAct, usePages } from "../../lib/load";
import { place, setQuery, useQuery } from "../../lib/router";
import { saveFile } from "../../lib/save";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { clearQuery, Filters, PickFilter, SearchFilter } from "../../ui/filters";
import { freshly } from "../../ui/fresh";
import { download, mail, plus, users as usersIcon } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { type Column, More, Table } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import { Time } from "../../ui/time";
import type said from "../said/en";
import { Bulk } from "./bulk";
import type en from "./en";
import { Invitations } from "./invitations";
import { Add, Invite } from "./make";
import { FILTERS, isId, wantedOf } from "./query";
import "./users.css";

const t = wordsOf<typeof en & typeof said>();

export type User = Schema<"User">;
type UserPage = Page<User> & { total?: number | null };

/** A page of accounts; a search for an identifier gives the one account. */
async function find(query: URLSearchParams, after: string | undefined): Promise<UserPage> {
  const q = query.get("q") ?? "";
  if (isId(q)) {
    const found = await ask(api.GET("/api/admin/users/{id}", { params: { path: { id: q } } })).catch(() => undefined);
    return { items: found ? [found] : [], next: null };
  }
  return ask(api.GET("/api/admin/users", { params: { query: { ...wantedOf(query), after, limit: 50 } } }));
}

function Picks() {
  const options = (name: string, values: string[]) => values.map((value) => ({ value, label: t.maybe(`${name}.${value}`, value) }));
  const any = (label: string) => [{ value: "", label }];
  return (
    <Filters>
      <SearchFilter name="q" label={t("users.search")} />
      <PickFilter name="role" label={t("users.role")} options={[...any(t("users.role.any")), ...options("role", ["user", "admin"])]} />
      <PickFilter name="status" label={t("users.status")} options={[...any(t("users.status.any")), ...options("status", ["active", "disabled"])]} />
      <PickFilter name="verified" label={t("users.verified")} options={[...any(t("users.verified.any")), ...options("users.verified", ["true", "false"])]} />
      <PickFilter name="seen" label={t("users.seen")} options={[...any(t("users.seen.any")), ...options("users.seen", ["d1", "d7", "d30", "idle30", "idle180", "never"])]} />
      <PickFilter name="created" label={t("users.created")} options={[...any(t("users.created.any")), ...options("users.created", ["d1", "d7", "d30"])]} />
    </Filters>
  );
}

/** Who it is: a name if there is one, and the address. */
export function Who({ user }: { user: User }) {
  return (
    <a class="who" href={`/admin/users/${user.id}`}>
      <bdi dir="auto">{user.name || user.email}</bdi>
      {user.name && (
        <span class="soft">
          <bdi dir="ltr">{user.email}</bdi>
        </span>
      )}
    </a>
  );
}

export function StatusBadge({ user }: { user: User }) {
  const isActive = user.status === "active";
  return <Badge tone={isActive ? "good" : "bad"}>{t(`status.${user.status}`)}</Badge>;
}

function columns(picked: ReadonlySet<string>, pick: (id: string) => void): Column<User>[] {
  return [
    {
      name: "pick",
      label: t("users.pick"),
      cell: (user) => <input type="checkbox" class="tick" aria-label={t("users.pick.one", { who: user.email })} checked={picked.has(user.id)} onChange={() => pick(user.id)} />,
    },
    { name: "user", label: t("users.user"), cell: (user) => <Who user={user} /> },
    { name: "role", label: t("users.role"), cell: (user) => (user.role === "admin" ? <Badge tone="note">{t("role.admin")}</Badge> : t("role.user")) },
    { name: "status", label: t("users.status"), cell: (user) => <StatusBadge user={user} /> },
    { name: "verified", label: t("users.verified"), cell: (user) => t(user.email_verified_at ? "users.verified.true" : "users.verified.false") },
    { name: "seen", label: t("users.seen"), cell: (user) => (user.last_login_at ? <Time at={user.last_login_at} /> : <span class="soft">{t("users.never")}</span>) },
    { name: "created", label: t("users.created"), cell: (user) => <Time at={user.created_at} isDate /> },
  ];
}

function Accounts() {
  const { query } = useStore(place);
  const key = FILTERS.map((name) => query.get(name) ?? "").join("\n");
  const pages = usePages((after) => find(query, after), key);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pick = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) {
      next.add(id);
    }
    setPicked(next);
  };
  const isFiltered = FILTERS.some((name) => query.has(name));
  const sparse = (
    <Nothing icon={usersIcon} title={t("users.sparse")}>
      <Button isBusy={pages.isMore} onClick={pages.more}>
        {t("table.more")}
      </Button>
    </Nothing>
  );
  const none = (
    <Nothing icon={usersIcon} title={t("users.none")}>
      <p>{t("users.none.says")}</p>
    </Nothing>
  );
  const shown = pages.data?.items ?? [];
  return (
    <div class="stack">
      <Picks />
      {picked.size > 0 && <Bulk users={shown.filter(({ id }) => picked.has(id))} onAll={() => setPicked(new Set(shown.map(({ id }) => id)))} onNone={() => setPicked(new Set())} onDone={pages.reload} />}
      <div class="card">
        <Block loaded={pages} isEmpty={({ items, next }) => items.length === 0 && !next} empty={none} isFiltered={isFiltered} onClear={() => clearQuery(FILTERS)}>
          {({ items, next }) =>
            items.length === 0 && next ? (
              sparse
            ) : (
              <>
                <Table label={t("users.title")} columns={columns(picked, pick)} rows={items} keyOf={({ id }) => id} />
                <More pages={pages} />
              </>
            )
          }
        </Block>
      </div>
    </div>
  );
}

function Export() {
  const { query } = useStore(place);
  const act = useAct(() => freshly(() => saveFile(`/api/admin/users/export?${new URLSearchParams(wantedOf(query))}`, "users.csv")));
  return (
    <>
      <Button icon={download} title={t("users.export.says")} isBusy={act.isBusy} onClick={() => void act.run()}>
        {t("users.export")}
      </Button>
      {act.problem && <ProblemNotice problem={act.problem} />}
    </>
  );
}

export default function Users() {
  const tab = useQuery("tab");
  const asks = useQuery("open");
  const [round, setRound] = useState(0);
  const close = () => setQuery({ open: undefined });
  const tabs = [
    { to: "/admin/users", label: t("users.tab.accounts"), isCurrent: tab === "" },
    { to: "/admin/users?tab=invitations", label: t("users.tab.invitations"), isCurrent: tab !== "" },
  ];
  const actions = (
    <>
      <Export />
      <Button icon={mail} onClick={() => setQuery({ open: "invite" }, false)}>
        {t("users.invite")}
      </Button>
      <Button look="primary" icon={plus} onClick={() => setQuery({ open: "add" }, false)}>
        {t("users.add")}
      </Button>
    </>
  );
  return (
    <Screen title={t("users.title")} actions={actions}>
      <Tabs label={t("users.title")} tabs={tabs} />
      {tab === "" ? <Accounts key={round} /> : <Invitations key={round} />}
      {asks === "add" && <Add onClose={close} onDone={() => setRound(round + 1)} />}
      {asks === "invite" && <Invite onClose={close} onDone={() => setRound(round + 1)} />}
    </Screen>
  );
}

