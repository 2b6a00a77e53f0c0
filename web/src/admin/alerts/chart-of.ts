// The chart of what a rule judges, for one of its objects.
import type { Schema } from "../../lib/api/client";
import { formatNumber } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import type { ChartSpec } from "../watch/metric-chart";
import type { Figure, LineSpec } from "../watch/series";
import { nameOfRule } from "./alert-row";
import type en from "./en";

const t = wordsOf<typeof en>();

const p95: Figure = ({ p95: value }) => (value === null || value === undefined ? null : value / 1e9);
const seconds: Figure = ({ max }) => max / 1e9;

interface Judged {
  metric: string;
  figure: Figure;
  /** The object of the metric that goes with an object of the rule. */
  object?(of: string): string;
  isZeroElsewhere?: boolean;
}

const JUDGED: Record<string, Judged> = {
  response_slow: { metric: "http_request_ns", figure: p95, object: (route) => `${route} ok` },
  response_target: { metric: "http_request_ns", figure: p95, object: (route) => `${route} ok` },
  query_target: { metric: "query_ns", figure: p95, object: (name) => name },
  pool_use: { metric: "pool_use", figure: ({ max }) => max * 100 },
  sessions_many: { metric: "sessions", figure: ({ last }) => last, object: () => "active" },
  post_waits: { metric: "post_oldest_ns", figure: seconds, object: (channel) => channel },
  disk_free: { metric: "disk_free_bytes", figure: ({ last }) => last / 1e9 },
  write_queue: { metric: "writer_busy_ns", figure: seconds },
  not_ready: { metric: "ready", figure: ({ min }) => min * 100 },
  login_failures: { metric: "login_failures", figure: ({ sum }) => sum, isZeroElsewhere: true },
  check_slow: { metric: "check_total_ns", figure: p95, object: (name) => name },
  check_failed: { metric: "check_total_ns", figure: p95, object: (name) => name },
  monitor_cost: { metric: "monitor_cpu_ns", figure: ({ sum }, length) => sum / 1e7 / length },
  error_rate: { metric: "problems", figure: ({ sum }, length) => sum / length, isZeroElsewhere: true },
  no_data: { metric: "process_threads", figure: ({ last }) => last },
};

/** The rules whose chart is in the unit of their threshold, and how much larger it is there. */
const SCALES: Record<string, number> = { s: 1, ratio: 100, bytes: 1e-9, count: 1 };
const UNITS: Record<string, string> = { s: "s", ratio: "%", bytes: "GB", count: "" };
const UNLIKE = new Set(["error_rate", "no_data", "check_failed"]);

export function chartOf({ rule, object, threshold, unit }: Schema<"Symptom">): ChartSpec {
  const judged = JUDGED[rule] ?? { metric: "http_request_ns", figure: p95 };
  const isLike = !UNLIKE.has(rule);
  const of = object === "" && judged.object?.length === 1 ? undefined : judged.object?.(object);
  const line: LineSpec = { name: object || nameOfRule(rule), metric: judged.metric, figure: judged.figure, isFilled: true, ...(of !== undefined && { object: of }), ...(judged.isZeroElsewhere && { isZeroElsewhere: true }) };
  return {
    title: object ? `${nameOfRule(rule)} · ${object}` : nameOfRule(rule),
    ...(isLike && UNITS[unit] && { unit: UNITS[unit] }),
    lines: [line],
    thresholds: isLike ? [{ value: threshold * (SCALES[unit] ?? 1), label: t("symptom.threshold") }] : [],
    format: (value) => formatNumber(value, { maximumSignificantDigits: 3 }),
  };
}
