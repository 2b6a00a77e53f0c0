// The routes of a range: how often, how long, how many failed, and where their time went.
import { formatDuration, formatNumber, formatPercent } from "../../lib/format";
import { setQuery, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { down, search } from "../../ui/icons";
import { SplitBar, SplitKey } from "../watch/ledger";
import { carried, type Range } from "../watch/range";
import type en from "./en";
import type { RouteRow } from "./routes";

const t = wordsOf<typeof en>();

const SORTS = {
  share: (row: RouteRow) => row.sum,
  rate: (row: RouteRow) => row.count,
  p95: (row: RouteRow) => row.main.p95 ?? 0,
  max: (row: RouteRow) => row.max,
  failed: (row: RouteRow) => row.failed / row.count,
} as const;
type Sort = keyof typeof SORTS;

/** So many routes are shown before all are wanted. */
const FIRST = 12;

const isSort = (name: string): name is Sort => name in SORTS;

/** From which share of failures on they are worth a colour: the default of the rule `error_rate`. */
const FAILED_SHARE = 0.05;

function Heading({ sort, current }: { sort: Sort; current: Sort }) {
  return (
    <th scope="col" class="number" aria-sort={sort === current ? "descending" : undefined}>
      <button type="button" onClick={() => setQuery({ sort: sort === "share" ? undefined : sort })}>
        {t(`routes.${sort}`)}
        {sort === current && <Icon d={down} />}
      </button>
    </th>
  );
}

export function routeHref(name: string, range: Range): string {
  return `/admin/health/route?name=${encodeURIComponent(name)}&${carried(range)}`;
}

function Row({ row, range }: { row: RouteRow; range: Range }) {
  const { p50, p95, p99 } = row.main;
  const time = (ns: number | null | undefined) => (ns === null || ns === undefined ? "–" : formatDuration(ns / 1e6));
  const failed = row.failed / row.count;
  return (
    <tr role="row">
      <td role="cell" class="route-name">
        <a href={routeHref(row.name, range)}>
          <bdi dir="ltr">{row.name}</bdi>
        </a>
        <SplitBar slices={row.slices} />
      </td>
      <td role="cell" class="number" data-label={t("routes.share")}>
        {formatPercent(row.share, 0)}
      </td>
      <td role="cell" class="number" data-label={t("routes.rate")}>
        {formatNumber(row.count / (range.until - range.from), { maximumSignificantDigits: 2 })}
      </td>
      <td role="cell" class="number" data-label="p50">
        {time(p50)}
      </td>
      <td role="cell" class="number" data-label={t("routes.p95")}>
        {time(p95)}
      </td>
      <td role="cell" class="number" data-label="p99">
        {time(p99)}
      </td>
      <td role="cell" class="number" data-label={t("routes.max")}>
        {time(row.max)}
      </td>
      <td role="cell" class="number" data-label={t("routes.failed")}>
        {row.failed === 0 ? <span class="soft">{formatPercent(0)}</span> : <Badge tone={failed > FAILED_SHARE ? "bad" : "warn"}>{formatPercent(failed)}</Badge>}
      </td>
    </tr>
  );
}

export function RouteTable({ routes, range }: { routes: readonly RouteRow[]; range: Range }) {
  const [text, named, all] = [useQuery("q"), useQuery("sort"), useQuery("all")];
  const sort: Sort = isSort(named) ? named : "share";
  const found = routes.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())).toSorted((a, b) => SORTS[sort](b) - SORTS[sort](a));
  const shown = all === "" ? found.slice(0, FIRST) : found;
  return (
    <>
      <div class="above-table">
        <label class="search-box">
          <Icon d={search} />
          <span class="unseen">{t("routes.search")}</span>
          <input class="input" type="search" dir="ltr" placeholder={t("routes.search")} value={text} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        </label>
        <SplitKey />
      </div>
      {found.length === 0 ? (
        <Nothing icon={search} title={t("filtered.empty")}>
          <Button isSmall onClick={() => setQuery({ q: undefined })}>
            {t("filtered.clear")}
          </Button>
        </Nothing>
      ) : (
        <div class="table-frame">
          <table class="table folds" role="table" aria-label={t("health.routes")}>
            <thead>
              <tr>
                <th scope="col">{t("routes.name")}</th>
                <Heading sort="share" current={sort} />
                <Heading sort="rate" current={sort} />
                <th scope="col" class="number">
                  p50
                </th>
                <Heading sort="p95" current={sort} />
                <th scope="col" class="number">
                  p99
                </th>
                <Heading sort="max" current={sort} />
                <Heading sort="failed" current={sort} />
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <Row key={row.name} row={row} range={range} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < found.length && (
        <div class="more">
          <Button look="quiet" isSmall onClick={() => setQuery({ all: "yes" })}>
            {t("routes.all", { n: found.length })}
          </Button>
        </div>
      )}
    </>
  );
}
