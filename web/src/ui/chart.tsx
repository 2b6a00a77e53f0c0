// A chart of series over time, with its figures in words and as a table; what draws it is fetched only when needed.
import { useEffect, useRef, useState } from "preact/hooks";

import { formatMoment } from "../lib/format";
import { broken, type Problem } from "../lib/api/problem";
import { preferences, theme } from "../lib/preferences";
import { useStore } from "../lib/store";
import { wordsOf } from "../lib/words";
import { Button } from "./button";
import { chart as chartIcon, table as tableIcon } from "./icons";
import { ProblemNotice } from "./problem";

const t = wordsOf();

export interface Series {
  name: string;
  /** One for each time; `null` where there is a gap, which is drawn as a gap. */
  values: readonly (number | null)[];
  /** A colour of the tokens, such as `--c2`; by its place if it is left out. */
  color?: string;
  /** Whether it is drawn with dashes: what is compared with. */
  isDashed?: boolean;
  /** Whether the area below it is filled. */
  isFilled?: boolean;
}

export interface Threshold {
  value: number;
  label: string;
}

export interface Mark {
  /** In seconds since 1970. */
  at: number;
  label: string;
}

export interface ChartData {
  /** In seconds since 1970, rising. */
  times: readonly number[];
  series: readonly Series[];
  thresholds?: readonly Threshold[];
  marks?: readonly Mark[];
  /** A number as it stands at the axis, without its unit, which stands in the title. */
  format(value: number): string;
  /** The range of time that is shown, when it is more than there is data for. */
  from?: number;
  to?: number;
}

interface Props extends ChartData {
  title: string;
  unit?: string;
  /** Charts with the same name share their crosshair. */
  group?: string;
  heightPx?: number;
  /** Called with what was dragged over, in seconds since 1970. */
  onZoom?(from: number, to: number): void;
}

interface Figures {
  last: number;
  min: number;
  mean: number;
  max: number;
}

function figuresOf(values: readonly (number | null)[]): Figures | undefined {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const sum = known.reduce((all, value) => all + value, 0);
  return { last, min: known.reduce((a, b) => Math.min(a, b)), max: known.reduce((a, b) => Math.max(a, b)), mean: sum / known.length };
}

/** What the chart shows, in a sentence for each series. */
function summaryOf({ series, format }: ChartData): string[] {
  return series.map(({ name, values }) => {
    const found = figuresOf(values);
    return found === undefined ? `${name}: ${t("chart.empty")}` : t("chart.summary", { name, ...mapped(found, format) });
  });
}

function mapped(figures: Figures, format: (value: number) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]: [string, number]) => [name, format(value)]));
}

const TABLE_ROWS = 50;

function ChartTable({ times, series, format }: ChartData) {
  const rows = times.map((time, at) => ({ time, at })).slice(-TABLE_ROWS).toReversed();
  return (
    <div class="table-frame chart-table" tabIndex={0} role="region" aria-label={t("chart.table")}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            {series.map(({ name }) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ time, at }) => (
            <tr key={time}>
              <td>{formatMoment(time * 1000)}</td>
              {series.map(({ name, values }) => {
                const value = values[at];
                return (
                  <td key={name} class="number">
                    {value === null || value === undefined ? "–" : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function colorOf(series: Series, at: number): string {
  return series.color ?? `--c${(at % 5) + 1}`;
}

/** The names of the series beside their lines. */
function Key({ series }: { series: readonly Series[] }) {
  return (
    <ul class="key">
      {series.map((one, at) => (
        <li key={one.name}>
          <svg viewBox="0 0 18 8" aria-hidden="true">
            <path d="M0 4h18" stroke={`var(${colorOf(one, at)})`} stroke-width="2.5" stroke-dasharray={one.isDashed ? "4 3" : undefined} />
          </svg>
          {one.name}
        </li>
      ))}
    </ul>
  );
}

/** The drawing itself: made anew when its data, its width, the theme or the preferences change. */
function Plot(props: Props & { label: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<Problem>();
  const look = useStore(theme);
  const prefers = useStore(preferences);
  const { times, series, thresholds, marks, from, to, heightPx, group } = props;
  useEffect(() => {
    let remove: (() => void) | undefined;
    let isWanted = true;
    import("./plot").then(
      ({ draw }) => {
        if (isWanted && frame.current) {
          remove = draw(frame.current, props);
        }
      },
      (error) => isWanted && setProblem(broken(error)),
    );
    return () => {
      isWanted = false;
      remove?.();
    };
  }, [times, series, thresholds, marks, from, to, heightPx, group, look, prefers]);
  return problem ? <ProblemNotice problem={problem} onRetry={() => location.reload()} /> : <div class="plot" ref={frame} role="img" aria-label={props.label} dir="ltr" style={{ minHeight: `${heightPx ?? 180}px` }} />;
}

export function Chart(props: Props) {
  const [isTable, setTable] = useState(false);
  const { title, unit, times, series } = props;
  const isEmpty = times.length === 0 || series.every(({ values }) => values.every((value) => value === null));
  const label = `${title}. ${summaryOf(props).join(". ")}`;
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <h3>
          {title} {unit && <span class="soft">{unit}</span>}
        </h3>
        {!isEmpty && (
          <Button look="quiet" isSmall icon={isTable ? chartIcon : tableIcon} onClick={() => setTable(!isTable)}>
            {t(isTable ? "chart.plot" : "chart.table")}
          </Button>
        )}
      </figcaption>
      {isEmpty ? <p class="soft small chart-empty">{t("chart.empty")}</p> : isTable ? <ChartTable {...props} /> : <Plot {...props} label={label} />}
      {series.length > 1 && !isEmpty && <Key series={series} />}
    </figure>
  );
}
