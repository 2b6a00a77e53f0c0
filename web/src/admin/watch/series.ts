// Metrics over a range as lines of a chart: one value for each step, and a gap where nothing was measured.
import { api, ask, type Schema } from "../../lib/api/client";
import type { Series as Line } from "../../ui/chart";
import { asked, type Range, stepOf } from "./range";

type Step = Schema<"Step">;
type Answer = Schema<"SeriesAnswer">;

/** The value of a step that is `seconds` long, or nothing. */
export type Figure = (step: Step, seconds: number) => number | null | undefined;

export interface LineSpec {
  name: string;
  metric: string;
  /** One object; without it all are merged. */
  object?: string;
  figure: Figure;
  color?: string;
  isFilled?: boolean;
  /** Whether a step without values means none of it happened, as long as anything was recorded then. */
  isZeroElsewhere?: boolean;
}

export interface Drawn {
  times: number[];
  series: Line[];
}

/** What is measured every second while the process runs: where it is missing, nothing was recorded. */
const PRESENCE = "process_threads";

function get(metric: string, object: string | undefined, range: Range, isCompared: boolean): Promise<Answer> {
  const query = { metric, ...(object !== undefined && { object }), ...asked(range), step_ms: stepOf(range) * 1000, ...(isCompared && { compare: "previous" }) };
  return ask(api.GET("/api/admin/monitor/series", { params: { query } }));
}

/** By its place in the range, each step there is. */
function placed({ from, step_ms, steps }: Schema<"Series">): Map<number, Step> {
  const begin = Math.floor(new Date(from).getTime() / step_ms) * step_ms;
  return new Map(steps.map((step) => [Math.round((new Date(step.at).getTime() - begin) / step_ms), step]));
}

function valuesOf(spec: LineSpec, series: Schema<"Series">, present: Map<number, Step> | undefined, length: number): (number | null)[] {
  const steps = placed(series);
  const seconds = series.step_ms / 1000;
  return Array.from({ length }, (_, at) => {
    const step = steps.get(at);
    if (step !== undefined) {
      return spec.figure(step, seconds) ?? null;
    }
    return spec.isZeroElsewhere && present?.has(at) ? 0 : null;
  });
}

/** Asks for all lines of a chart; lines of one metric and object share one answer. */
export async function getLines(specs: readonly LineSpec[], range: Range, previous: string | undefined): Promise<Drawn> {
  const isCompared = previous !== undefined;
  const answers = new Map<string, Promise<Answer>>();
  const answerOf = (metric: string, object?: string) => {
    const key = `${metric} ${object ?? ""}`;
    const found = answers.get(key) ?? get(metric, object, range, isCompared);
    answers.set(key, found);
    return found;
  };
  const presence = specs.some(({ isZeroElsewhere }) => isZeroElsewhere) ? await answerOf(PRESENCE) : undefined;
  const found = await Promise.all(specs.map(({ metric, object }) => answerOf(metric, object)));
  const first = found[0]?.series;
  if (first === undefined) {
    return { times: [], series: [] };
  }
  const begin = Math.floor(new Date(first.from).getTime() / first.step_ms) * first.step_ms;
  const length = Math.ceil((new Date(first.until).getTime() - begin) / first.step_ms);
  const times = Array.from({ length }, (_, at) => (begin + at * first.step_ms) / 1000);
  const present = presence && placed(presence.series);
  const lines = specs.map((spec, at): Line => {
    const { name, color, isFilled = false } = spec;
    return { name, ...(color !== undefined && { color }), isFilled, values: valuesOf(spec, found[at]?.series ?? first, present, length) };
  });
  return { times, series: [...lines, ...before(specs, found, presence, length, previous)] };
}

/** The range before, of the lines that are filled or the last one there is: more would be a tangle. */
function before(specs: readonly LineSpec[], found: Answer[], presence: Answer | undefined, length: number, name: string | undefined): Line[] {
  const at = Math.max(0, specs.findIndex(({ isFilled }) => isFilled));
  const [spec, series] = [specs[at], found[at]?.previous];
  if (name === undefined || spec === undefined || !series) {
    return [];
  }
  const present = presence?.previous ? placed(presence.previous) : undefined;
  return [{ name: `${spec.name} · ${name}`, values: valuesOf(spec, series, present, length), color: "--soft", isDashed: true }];
}
