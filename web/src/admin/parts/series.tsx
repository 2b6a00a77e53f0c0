// A metric over time: asked for, and drawn as a chart or, in a tile, as a line without axes.
import { useMemo } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useLoad } from "../../lib/load";
import { Block } from "../../ui/block";
import { Chart } from "../../ui/chart";

export type Figure = "last" | "p95" | "max" | "count" | "sum";
type Step = Schema<"Step">;

export interface SeriesWanted {
  metric: string;
  object?: string;
  hours: number;
  figure: Figure;
  /** By what each value is divided: from nanoseconds to milliseconds, say. */
  divide?: number;
}

/** About so many steps are asked for: more than a chart can show apart. */
const STEPS = 240;

/** Asks for a metric. */
export function useSeries({ metric, object, hours }: SeriesWanted): Loaded<Schema<"Series">> {
  const get = async () => {
    const until = Date.now();
    const span = hours * 3_600_000;
    const step = Math.max(10_000, Math.ceil(span / STEPS / 10_000) * 10_000);
    const query = { metric, ...(object && { object }), from: new Date(until - span).toISOString(), until: new Date(until).toISOString(), step_ms: step };
    return (await ask(api.GET("/api/admin/monitor/series", { params: { query } }))).series;
  };
  return useLoad(get, `${metric} ${object} ${hours}`);
}

/** The value of a step; nothing where nothing was measured. */
export function valueOf(step: Step, figure: Figure, divide = 1): number | null {
  const value = step[figure];
  const isCounted = figure === "count" || figure === "sum";
  return (step.count === 0 && !isCounted) || value === null || value === undefined ? null : value / divide;
}

interface Props extends SeriesWanted {
  title: string;
  unit?: string;
  threshold?: number;
  format(value: number): string;
}

export function SeriesChart(props: Props) {
  const loaded = useSeries(props);
  return <Block loaded={loaded}>{(series) => <Drawn {...props} series={series} />}</Block>;
}

function Drawn({ title, unit, figure, divide, threshold, format, series }: Props & { series: Schema<"Series"> }) {
  const times = useMemo(() => series.steps.map(({ at }) => new Date(at).getTime() / 1000), [series]);
  const lines = useMemo(() => [{ name: title, values: series.steps.map((step) => valueOf(step, figure, divide)), isFilled: true }], [series, title]);
  const thresholds = useMemo(() => (threshold === undefined ? [] : [{ value: threshold, label: format(threshold) }]), [threshold]);
  const [from, to] = [new Date(series.from).getTime() / 1000, new Date(series.until).getTime() / 1000];
  return <Chart title={title} {...(unit && { unit })} times={times} series={lines} thresholds={thresholds} format={format} from={from} to={to} heightPx={160} />;
}

const [WIDE, HIGH] = [120, 32];

/** A line without axes: whether it rises or falls. What it says stands beside it in words. */
export function Spark({ values, threshold }: { values: readonly (number | null)[]; threshold?: number }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) {
    return <svg class="spark" viewBox={`0 0 ${WIDE} ${HIGH}`} aria-hidden="true" />;
  }
  const top = Math.max(...known, 1e-9) * 1.05;
  const x = (at: number) => (at / Math.max(1, values.length - 1)) * WIDE;
  const y = (value: number) => HIGH - 1 - (value / top) * (HIGH - 3);
  let isPen = false;
  const path = values
    .map((value, at) => {
      const command = value === null ? "" : `${isPen ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      isPen = value !== null;
      return command;
    })
    .join("");
  return (
    <svg class="spark" viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
      {threshold !== undefined && threshold < top && <path class="limit" d={`M0 ${y(threshold)}H${WIDE}`} />}
      <path d={path} />
    </svg>
  );
}
