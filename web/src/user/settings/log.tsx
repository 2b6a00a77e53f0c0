// The security log: what concerned the account, filtered by the address of the page, and to be taken along.
import { agentName } from "../../lib/agent";
import { api, ask } from "../../lib/api/client";
import { usePages } from "../../lib/load";
import { setQuery, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, Notice } from "../../ui/badge";
import { Block, Bones, Nothing } from "../../ui/block";
import { ButtonLink } from "../../ui/button";
import { SelectField, TextField } from "../../ui/field";
import { list } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import type en from "./en";
import { type Event, eventName, eventTitle, FILTERS, isBad } from "./events";

const t = wordsOf<typeof en>();

/** The beginning of a day in the browser's zone, as the API takes it. */
function dayBegins(day: string, isNext = false): string | undefined {
  const date = new Date(`${day}T00:00`);
  if (day === "" || Number.isNaN(date.getTime())) {
    return undefined;
  }
  date.setDate(date.getDate() + (isNext ? 1 : 0));
  return date.toISOString();
}

const COLUMNS = (): Column<Event>[] => [
  { name: "what", label: t("log.what"), cell: (row) => (isBad(row) ? <Badge tone="warn">{eventTitle(row)}</Badge> : <span>{eventTitle(row)}</span>) },
  { name: "when", label: t("log.when"), cell: ({ at }) => <Time at={at} /> },
  { name: "from", label: t("log.from"), cell: ({ address }) => (address ? <bdi dir="ltr">{address}</bdi> : <span class="soft">–</span>) },
  { name: "device", label: t("log.device"), cell: ({ user_agent, by }) => (by === "other" ? t("log.other") : user_agent ? agentName(user_agent, "") : <span class="soft">–</span>) },
];

function Filters({ code, from, until }: { code: string; from: string; until: string }) {
  const options = [{ value: "", label: t("log.all") }, ...FILTERS.map((value) => ({ value, label: eventName(value) }))];
  return (
    <div class="filters">
      <SelectField label={t("log.what")} value={code} options={options} onValue={(value) => setQuery({ code: value })} />
      <TextField label={t("log.since")} type="date" value={from} onValue={(value) => setQuery({ from: value })} />
      <TextField label={t("log.until")} type="date" value={until} onValue={(value) => setQuery({ until: value })} />
    </div>
  );
}

export default function Log() {
  const [code, from, until] = [useQuery("code"), useQuery("from"), useQuery("until")];
  const query = { code: code || undefined, from: dayBegins(from), until: dayBegins(until, true) };
  const pages = usePages((after) => ask(api.GET("/api/me/security-log", { params: { query: { ...query, after } } })), JSON.stringify(query));
  const clear = () => setQuery({ code: "", from: "", until: "" });
  return (
    <Screen title={t("log.title")} says={t("log.says")}>
      <section class="card" aria-label={t("log.title")}>
        <Filters code={code} from={from} until={until} />
        <Block
          loaded={pages}
          skeleton={<Bones rows={6} />}
          isEmpty={({ items }) => items.length === 0}
          isFiltered={code !== "" || from !== "" || until !== ""}
          onClear={clear}
          empty={<Nothing icon={list} title={t("log.none")} />}
        >
          {({ items }) => <Table label={t("log.title")} columns={COLUMNS()} rows={items} keyOf={({ id }) => id} />}
        </Block>
        <More pages={pages} />
      </section>
      <Notice>
        <span>{t("log.not_me")}</span>
        <ButtonLink to="/settings/security" isSmall>
          {t("log.not_me.go")}
        </ButtonLink>
      </Notice>
    </Screen>
  );
}
