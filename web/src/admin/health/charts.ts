// The charts of health, in the order in which they are read: what users feel first, what it rests on after.
import type { Schema } from "../../lib/api/client";
import { formatNumber } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import type { ChartSpec } from "../watch/metric-chart";
import { type Rule, thresholdOf } from "../watch/rules";
import type { Figure, LineSpec } from "../watch/series";
import type en from "./en";

const t = wordsOf<typeof en>();

type TopRow = Schema<"TopRow">;

const ms = (of: (step: Schema<"Step">) => number | null | undefined): Figure => (step) => {
  const value = of(step);
  return value === null || value === undefined ? null : value / 1e6;
};
const last: Figure = (step) => step.last;
const most: Figure = (step) => step.max;
const perSecond: Figure = (step, seconds) => step.sum / seconds;
export const countPerSecond: Figure = (step, seconds) => step.count / seconds;
const mega: Figure = (step) => step.last / 1e6;

/** A number with as many digits as it needs to be told from its neighbours. */
export const short = (value: number): string => formatNumber(value, { maximumSignificantDigits: 3, notation: value >= 100_000 ? "compact" : "standard" });

/** Lines of p50, p95 and p99 of a histogram, in milliseconds. */
export function quantiles(metric: string, object?: string): LineSpec[] {
  const of = { metric, ...(object !== undefined && { object }) };
  return [
    { ...of, name: t("line.p95"), figure: ms(({ p95 }) => p95), isFilled: true },
    { ...of, name: t("line.p99"), figure: ms(({ p99 }) => p99), color: "--c2" },
    { ...of, name: t("line.p50"), figure: ms(({ p50 }) => p50), color: "--c4" },
  ];
}

/** Not more objects than this are drawn as lines of their own. */
const CLASS_LINES_MAX = 6;

/** Lines of the failures there were, each route and kind for itself. */
function failures(top: readonly TopRow[]): LineSpec[] {
  const failed = top.filter(({ object }) => /(server_error|timed_out|refused)$/.test(object)).slice(0, CLASS_LINES_MAX);
  return failed.map(({ object }) => ({ name: object, metric: "http_request_ns", object, figure: countPerSecond, isZeroElsewhere: true }));
}

export interface ChartGroup {
  name: "traffic" | "database" | "people" | "process" | "storage";
  charts: ChartSpec[];
}

function traffic(rules: readonly Rule[] | undefined, top: readonly TopRow[]): ChartSpec[] {
  const limits = [...thresholdOf(rules, "response_target", 1000), ...thresholdOf(rules, "response_slow", 1000)];
  const failed = failures(top);
  return [
    { title: t("chart.latency"), unit: "ms", lines: quantiles("http_request_ns"), thresholds: limits, format: short },
    {
      title: t("chart.rate"),
      unit: t("unit.per_s"),
      lines: [
        { name: t("line.requests"), metric: "http_request_ns", figure: countPerSecond, isFilled: true, isZeroElsewhere: true },
        { name: t("line.problems"), metric: "problems", figure: perSecond, color: "--c2", isZeroElsewhere: true },
      ],
      format: short,
    },
    ...(failed.length > 0 ? [{ title: t("chart.failures"), unit: t("unit.per_s"), lines: failed, format: short }] : []),
    { title: t("chart.connections"), lines: [{ name: t("line.open"), metric: "connections_open", figure: most, isFilled: true }], format: short },
  ];
}

function database(rules: readonly Rule[] | undefined): ChartSpec[] {
  return [
    {
      title: t("chart.pool"),
      unit: "%",
      lines: [{ name: t("line.pool_use"), metric: "pool_use", figure: (step) => step.max * 100, isFilled: true }],
      thresholds: thresholdOf(rules, "pool_use", 100),
      format: short,
    },
    {
      title: t("chart.waiting"),
      lines: [
        { name: t("line.pool_waiting"), metric: "pool_waiting", figure: most },
        { name: t("line.write_queue"), metric: "write_queue", figure: most, color: "--c2" },
      ],
      format: short,
    },
    { title: t("chart.query"), unit: "ms", lines: quantiles("query_ns"), thresholds: thresholdOf(rules, "query_target", 1000), format: short },
    { title: t("chart.query_rate"), unit: t("unit.per_s"), lines: [{ name: t("line.queries"), metric: "query_ns", figure: countPerSecond, isFilled: true, isZeroElsewhere: true }], format: short },
    {
      title: t("chart.command"),
      unit: "ms",
      lines: [
        { name: t("line.command_commit"), metric: "command_commit_ns", figure: ms(({ p95 }) => p95), isFilled: true },
        { name: t("line.command_lock"), metric: "command_lock_ns", figure: ms(({ p95 }) => p95), color: "--c2" },
        { name: t("line.command_run"), metric: "command_run_ns", figure: ms(({ p95 }) => p95), color: "--c4" },
      ],
      format: short,
    },
  ];
}

function people(rules: readonly Rule[] | undefined): ChartSpec[] {
  return [
    {
      title: t("chart.sessions"),
      lines: [
        { name: t("line.active"), metric: "sessions", object: "active", figure: last, isFilled: true },
        { name: t("line.expired"), metric: "sessions", object: "expired", figure: last, color: "--c2" },
      ],
      thresholds: thresholdOf(rules, "sessions_many"),
      format: short,
    },
    {
      title: t("chart.hash"),
      lines: [
        { name: t("line.hash_running"), metric: "hash_running", figure: most, isFilled: true },
        { name: t("line.hash_waiting"), metric: "hash_waiting", figure: most, color: "--c2" },
      ],
      format: short,
    },
    { title: t("chart.post"), lines: [{ name: t("line.post_waiting"), metric: "post_waiting", figure: most, isFilled: true }], format: short },
  ];
}

function process(): ChartSpec[] {
  return [
    { title: t("chart.cpu"), unit: "%", lines: [{ name: t("line.cpu"), metric: "process_cpu_ns", figure: (step, seconds) => step.sum / 1e7 / seconds, isFilled: true }], format: short },
    { title: t("chart.memory"), unit: "MB", lines: [{ name: t("line.memory"), metric: "process_rss_bytes", figure: mega, isFilled: true }], format: short },
    {
      title: t("chart.files"),
      lines: [
        { name: t("line.files"), metric: "process_fds", figure: last, isFilled: true },
        { name: t("line.threads"), metric: "process_threads", figure: last, color: "--c2" },
      ],
      format: short,
    },
    { title: t("chart.lag"), unit: "ms", lines: quantiles("runtime_lag_ns"), format: short },
  ];
}

function storage(rules: readonly Rule[] | undefined): ChartSpec[] {
  const giga: Figure = (step) => step.last / 1e9;
  return [
    {
      title: t("chart.database"),
      unit: "MB",
      lines: [
        { name: t("line.database"), metric: "database_bytes", figure: mega, isFilled: true },
        { name: t("line.wal"), metric: "wal_bytes", figure: mega, color: "--c2" },
        { name: t("line.freelist"), metric: "freelist_bytes", figure: mega, color: "--c4" },
      ],
      format: short,
    },
    { title: t("chart.disk"), unit: "GB", lines: [{ name: t("line.disk"), metric: "disk_free_bytes", figure: giga, isFilled: true }], thresholds: thresholdOf(rules, "disk_free", 1e-9), format: short },
    { title: t("chart.upkeep"), unit: "%", lines: [{ name: t("line.monitor"), metric: "monitor_cpu_ns", figure: (step, seconds) => step.sum / 1e7 / seconds, isFilled: true }], thresholds: thresholdOf(rules, "monitor_cost", 100), format: short },
  ];
}


export function groupsOf(rules: readonly Rule[] | undefined, top: readonly TopRow[]): ChartGroup[] {
  return [
    { name: "traffic", charts: traffic(rules, top) },
    { name: "database", charts: database(rules) },
    { name: "people", charts: people(rules) },
    { name: "process", charts: process() },
    { name: "storage", charts: storage(rules) },
  ];
}
