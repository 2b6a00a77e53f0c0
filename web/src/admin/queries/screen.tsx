// Queries: which statements and write commands take most time, are most frequent, or are slowest.
import { formatDuration, formatNumber, formatPercent } from "../../lib/format";
import { useLoad } from "../../lib/load";
import { setQuery, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Card } from "../../ui/card";
import { Icon } from "../../ui/icon";
import { clock, search } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { type Column, Table } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import { carried, type Range, useMoving, useRange } from "../watch/range";
import { RangePicker } from "../watch/range-picker";
import { useRules } from "../watch/rules";
import "../watch/watch.css";
import { getQueries, type QueryRow } from "./data";
import type en from "./en";

const t = wordsOf<typeof en>();

const VIEWS = {
  total: (row: QueryRow) => row.total,
  calls: (row: QueryRow) => row.calls,
  slowest: (row: QueryRow) => row.p95,
} as const;
type View = keyof typeof VIEWS;

const isView = (name: string): name is View => name in VIEWS;

function ShareBar({ share }: { share: number }) {
  return (
    <svg class="split" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="kind database" width={share * 1000} height="10" />
    </svg>
  );
}

function columnsOf(range: Range, targetNs: number): Column<QueryRow>[] {
  const time = (ns: number) => (ns > 0 ? formatDuration(ns / 1e6) : "–");
  const count = (value: number) => (value > 0 ? formatNumber(value, { notation: value >= 100_000 ? "compact" : "standard", maximumFractionDigits: 0 }) : "–");
  return [
    {
      name: "name",
      label: t("queries.name"),
      cell: (row) => (
        <span class="query-name">
          <a href={`/admin/queries/${encodeURIComponent(row.name)}?${carried(range)}`}>
            <bdi dir="ltr">{row.name}</bdi>
          </a>
          <ShareBar share={row.share} />
        </span>
      ),
    },
    { name: "share", label: t("queries.share"), isNumber: true, cell: (row) => formatPercent(row.share, 0) },
    { name: "total", label: t("queries.total"), isNumber: true, cell: (row) => time(row.total) },
    { name: "calls", label: t("queries.calls"), isNumber: true, cell: (row) => count(row.calls) },
    { name: "mean", label: t("queries.mean"), isNumber: true, cell: (row) => time(row.mean) },
    { name: "p95", label: t("queries.p95"), isNumber: true, cell: (row) => (row.p95 > targetNs ? <Badge tone="warn">{time(row.p95)}</Badge> : time(row.p95)) },
    { name: "max", label: t("queries.max"), isNumber: true, cell: (row) => time(row.max) },
    { name: "rows", label: t("queries.rows"), isNumber: true, cell: (row) => count(row.rows) },
    { name: "scanned", label: t("queries.scanned"), isNumber: true, cell: (row) => count(row.scanned) },
    { name: "failed", label: t("queries.failed"), isNumber: true, cell: (row) => (row.failed > 0 ? <Badge tone="bad">{formatNumber(row.failed)}</Badge> : "–") },
  ];
}

/** The target a statement has by default, until the rules are there, in seconds. */
const TARGET_S = 0.1;

export default function Queries() {
  const range = useRange();
  const rules = useRules();
  const queries = useLoad(() => getQueries(range), range.key);
  const [named, text] = [useQuery("view"), useQuery("q")];
  const view: View = isView(named) ? named : "total";
  useMoving(range, queries);
  const targetNs = (rules.data?.find(({ code }) => code === "query_target")?.threshold ?? TARGET_S) * 1e9;
  const tabs = (Object.keys(VIEWS) as View[]).map((one) => ({
    to: `/admin/queries?${one === "total" ? "" : `view=${one}&`}${carried(range)}`,
    label: t(`queries.view.${one}`),
    isCurrent: one === view,
  }));
  const fits = (row: QueryRow) => row.name.toLowerCase().includes(text.toLowerCase());
  return (
    <Screen title={t("queries.title")} says={t("queries.says")}>
      <RangePicker range={range} />
      <Tabs label={t("queries.views")} tabs={tabs} />
      <Card title={t(`queries.view.${view}`)} says={t(`queries.view.${view}.says`)} isBare>
        <div class="above-table">
          <label class="search-box">
            <Icon d={search} />
            <span class="unseen">{t("queries.search")}</span>
            <input class="input" type="search" dir="ltr" placeholder={t("queries.search")} value={text} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
          </label>
        </div>
        <Block
          loaded={queries}
          isEmpty={(all) => !all.some(fits)}
          isFiltered={text !== ""}
          onClear={() => setQuery({ q: undefined })}
          empty={
            <Nothing icon={clock} title={t("queries.none")}>
              <p>{t("queries.none.says")}</p>
            </Nothing>
          }
        >
          {(all) => <Table label={t("queries.title")} columns={columnsOf(range, targetNs)} rows={all.filter(fits).toSorted((a, b) => VIEWS[view](b) - VIEWS[view](a))} keyOf={(row) => `${row.kind} ${row.name}`} />}
        </Block>
      </Card>
    </Screen>
  );
}
