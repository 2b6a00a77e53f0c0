// One statement or write command: its figures over a range, and how they went.
import { useMemo } from "preact/hooks";

import { formatDuration, formatNumber, formatPercent } from "../../lib/format";
import { useLoad } from "../../lib/load";
import type { Params } from "../../lib/screens";
import { wordsOf } from "../../lib/words";
import { Notice } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Card } from "../../ui/card";
import { clock } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { useAnnotations } from "../watch/annotations";
import { type ChartSpec, MetricChart } from "../watch/metric-chart";
import { carried, type Range, useMoving, useRange } from "../watch/range";
import { RangePicker } from "../watch/range-picker";
import { thresholdOf, useRules } from "../watch/rules";
import type { Figure, LineSpec } from "../watch/series";
import "../watch/watch.css";
import { getQueries, type QueryRow } from "./data";
import type en from "./en";

const t = wordsOf<typeof en>();

const inMs = (of: "p50" | "p95" | "p99"): Figure => (step) => {
  const value = step[of];
  return value === null || value === undefined ? null : value / 1e6;
};
const perSecond: Figure = ({ sum }, seconds) => sum / seconds;
const runsPerSecond: Figure = ({ count }, seconds) => count / seconds;
const short = (value: number): string => formatNumber(value, { maximumSignificantDigits: 3 });

function times(metric: string, object: string): LineSpec[] {
  return [
    { name: "p95", metric, object, figure: inMs("p95"), isFilled: true },
    { name: "p99", metric, object, figure: inMs("p99"), color: "--c2" },
    { name: "p50", metric, object, figure: inMs("p50"), color: "--c4" },
  ];
}

function chartsOf(row: QueryRow, thresholds: ChartSpec["thresholds"]): ChartSpec[] {
  const { name, kind } = row;
  const runs = (metric: string): ChartSpec => ({ title: t("query.runs"), unit: t("query.per_s"), lines: [{ name: t("queries.calls"), metric, object: name, figure: runsPerSecond, isFilled: true, isZeroElsewhere: true }], format: short });
  if (kind === "command") {
    const parts = ["command_queue_ns", "command_lock_ns", "command_commit_ns"] as const;
    return [
      { title: t("query.time"), unit: "ms", lines: times("command_run_ns", name), format: short },
      { title: t("query.parts"), unit: "ms", lines: parts.map((metric) => ({ name: t(`query.${metric}`), metric, object: name, figure: inMs("p95") })), format: short },
      runs("command_run_ns"),
    ];
  }
  return [
    { title: t("query.time"), unit: "ms", lines: times("query_ns", name), ...(thresholds && { thresholds }), format: short },
    runs("query_ns"),
    { title: t("query.wait"), unit: "ms", lines: times("query_wait_ns", name), format: short },
    {
      title: t("query.rows"),
      unit: t("query.per_s"),
      lines: [
        { name: t("queries.rows"), metric: "query_rows", object: name, figure: perSecond, isFilled: true },
        { name: t("queries.scanned"), metric: "query_scanned_rows", object: name, figure: perSecond, color: "--c2" },
      ],
      format: short,
    },
  ];
}

function Facts({ row }: { row: QueryRow }) {
  const time = (ns: number) => formatDuration(ns / 1e6);
  const facts: [string, string][] = [
    [t("queries.share"), formatPercent(row.share)],
    [t("queries.total"), time(row.total)],
    [t("queries.calls"), formatNumber(row.calls)],
    [t("queries.mean"), time(row.mean)],
    [t("queries.p95"), time(row.p95)],
    [t("queries.max"), time(row.max)],
    [t("query.wait"), time(row.wait)],
    ...(row.kind === "statement"
      ? ([
          [t("queries.rows"), formatNumber(row.rows)],
          [t("queries.scanned"), formatNumber(row.scanned)],
          [t("queries.pages"), formatNumber(row.calls > 0 ? row.pages / row.calls : 0, { maximumFractionDigits: 1 })],
        ] satisfies [string, string][])
      : []),
    [t("queries.failed"), formatNumber(row.failed)],
  ];
  return (
    <dl class="figures">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Whether most of what it visits is not what it gives: an index is missing, or the table is small. */
const SCANS_FAR_MORE = 20;

function One({ row, range }: { row: QueryRow; range: Range }) {
  const rules = useRules();
  const { marks } = useAnnotations(range);
  const charts = useMemo(() => chartsOf(row, thresholdOf(rules.data, "query_target", 1000)), [row.name, rules.data]);
  const isScan = row.scanned > row.rows * SCANS_FAR_MORE && row.scanned > 1000;
  return (
    <div class="stack wide-gap">
      {isScan && <Notice tone="warn">{t("query.scans", { scanned: row.scanned / row.calls, rows: row.rows / row.calls })}</Notice>}
      <Card title={t("query.figures")} says={t(`query.kind.${row.kind}`)}>
        <Facts row={row} />
      </Card>
      <Card title={t("query.course")}>
        <div class="charts">
          {charts.map((chart) => (
            <MetricChart key={chart.title} {...chart} range={range} marks={marks} />
          ))}
        </div>
      </Card>
    </div>
  );
}

export default function Query({ params }: { params: Params }) {
  const { name = "" } = params;
  const range = useRange();
  const queries = useLoad(() => getQueries(range), range.key);
  useMoving(range, queries);
  return (
    <Screen
      title={name}
      says={
        <a class="up" href={`/admin/queries?${carried(range)}`}>
          {t("query.up")}
        </a>
      }
    >
      <RangePicker range={range} canCompare />
      <Block
        loaded={queries}
        isEmpty={(all) => !all.some((row) => row.name === name)}
        empty={
          <Nothing icon={clock} title={t("query.none")}>
            <p>{t("query.none.says")}</p>
          </Nothing>
        }
      >
        {(all) => all.filter((row) => row.name === name).slice(0, 1).map((row) => <One key={row.name} row={row} range={range} />)}
      </Block>
    </Screen>
  );
}
