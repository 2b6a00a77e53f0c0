// Draws a chart with uPlot: axes in the reader's numbers and calendar, thresholds, marks, a shared crosshair, zoom.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { formatDate, formatMoment } from "../lib/format";
import { type ChartData, colorOf } from "./chart";

interface Drawn extends ChartData {
  group?: string;
  heightPx?: number;
  onZoom?(from: number, to: number): void;
}

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The colour behind a token, as a canvas can use it: `light-dark()` is resolved by an element only. */
function resolved(name: string, within: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  within.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const DAY_S = 86_400;

function timeLabels(splits: number[], from: number, to: number): string[] {
  const isDays = to - from > 2 * DAY_S;
  const options: Intl.DateTimeFormatOptions = isDays ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit" };
  return splits.map((split) => formatDate(split * 1000, options));
}

/** Wide enough for the widest label: what does not fit is cut by the canvas. */
function widthOf(plot: uPlot, labels: string[] | null): number {
  if (!labels) {
    return 40;
  }
  plot.ctx.font = `${12 * devicePixelRatio}px ${css("--sans")}`;
  const widest = Math.max(0, ...labels.map((label) => plot.ctx.measureText(label ?? "").width));
  return Math.ceil(widest / devicePixelRatio) + 14;
}

function axes(data: Drawn, ink: string, line: string): uPlot.Axis[] {
  const looks = { stroke: ink, font: `12px ${css("--sans")}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const isRtl = document.documentElement.dir === "rtl";
  return [
    {
      ...looks,
      grid: { show: false },
      size: 28,
      space: 72,
      values: (plot, splits) => timeLabels(splits, plot.scales["x"]?.min ?? 0, plot.scales["x"]?.max ?? 0),
    },
    {
      ...looks,
      side: isRtl ? 1 : 3,
      space: 34,
      values: (_, splits) => splits.map((split) => data.format(split)),
      size: (plot, labels) => widthOf(plot, labels),
    },
  ];
}

function drawLine(plot: uPlot, points: [number, number, number, number], color: string): void {
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(points[0], points[1]);
  ctx.lineTo(points[2], points[3]);
  ctx.stroke();
  ctx.restore();
}

function write(plot: uPlot, text: string, x: number, y: number, color: string, align: CanvasTextAlign): void {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = color;
  ctx.font = `${11 * devicePixelRatio}px ${css("--sans")}`;
  ctx.textAlign = align;
  ctx.fillText(text, x, y);
  ctx.restore();
}

/** Thresholds across, marks from top to bottom. */
function drawExtras(plot: uPlot, data: Drawn, within: HTMLElement): void {
  const { left, top, width, height } = plot.bbox;
  const warn = resolved("--bad", within);
  const soft = resolved("--soft", within);
  for (const { value, label } of data.thresholds ?? []) {
    const y = plot.valToPos(value, "y", true);
    if (y >= top && y <= top + height) {
      drawLine(plot, [left, y, left + width, y], warn);
      write(plot, label, left + width - 4, y - 5 * devicePixelRatio, warn, "right");
    }
  }
  for (const { at, label } of data.marks ?? []) {
    const x = plot.valToPos(at, "x", true);
    if (x >= left && x <= left + width) {
      drawLine(plot, [x, top, x, top + height], soft);
      const isLate = x > left + width * 0.7;
      write(plot, label, x + (isLate ? -5 : 5), top + 11 * devicePixelRatio, soft, isLate ? "right" : "left");
    }
  }
}

/** What the crosshair points at, in words. */
function tooltip(data: Drawn): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "plot-tip";
  box.dir = document.documentElement.dir;
  box.hidden = true;
  const lines = (plot: uPlot, at: number) =>
    data.series.flatMap(({ name }, index) => {
      const value = plot.data[index + 1]?.[at];
      return value === null || value === undefined ? [] : [`${name}: ${data.format(value)}`];
    });
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor(plot) {
        const at = plot.cursor.idx;
        const left = plot.cursor.left ?? -1;
        box.hidden = at === null || at === undefined || left < 0;
        if (box.hidden) {
          return;
        }
        const time = plot.data[0][at ?? 0] ?? 0;
        box.replaceChildren(...[formatMoment(time * 1000), ...lines(plot, at ?? 0)].map((text) => Object.assign(document.createElement("div"), { textContent: text })));
        const isRight = left > plot.over.clientWidth / 2;
        box.style.left = isRight ? "auto" : `${left + 12}px`;
        box.style.right = isRight ? `${plot.over.clientWidth - left + 12}px` : "auto";
      },
    },
  };
}

/** Values with a gap on both sides: without a point of their own they would not be seen. */
function alone(values: readonly (number | null)[]): number[] {
  const isGap = (at: number) => values[at] === null || values[at] === undefined;
  return values.flatMap((_, at) => (!isGap(at) && isGap(at - 1) && isGap(at + 1) ? [at] : []));
}

function lineOf(data: Drawn, at: number, within: HTMLElement): uPlot.Series {
  const series = data.series[at];
  if (series === undefined) {
    return {};
  }
  const stroke = resolved(colorOf(series, at), within);
  const fill = series.isFilled ? { fill: stroke.replace(/\)$/, " / 0.14)") } : {};
  return { label: series.name, stroke, width: 1.75, spanGaps: false, points: { show: true, size: 4, fill: stroke, filter: () => alone(series.values) }, ...(series.isDashed ? { dash: [5, 4] } : {}), ...fill };
}

/** The highest value that has to be seen: of the data and of the thresholds near it. */
function rangeOf(data: Drawn): uPlot.Range.Function {
  return (_, _min, max) => {
    const top = Number.isFinite(max) && max > 0 ? max : 1;
    const near = (data.thresholds ?? []).map(({ value }) => value).filter((value) => value <= top * 2.5);
    return [0, Math.max(top, ...near) * 1.12];
  };
}

/** Draws into `frame`; the function it gives takes the drawing away. */
export function draw(frame: HTMLElement, data: Drawn): () => void {
  const height = data.heightPx ?? 180;
  const size = () => ({ width: Math.max(120, frame.clientWidth), height });
  // Charts of a group share where the crosshair is, but a drag is of one of them: each zoom is one step back.
  const cursor: uPlot.Cursor = {
    y: false,
    points: { size: 7 },
    drag: { x: data.onZoom !== undefined, y: false, setScale: false },
    ...(data.group === undefined ? {} : { sync: { key: data.group, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } } }),
  };
  const options: uPlot.Options = {
    ...size(),
    legend: { show: false },
    cursor,
    scales: { x: { time: true, range: (_, min, max) => [data.from ?? min, data.to ?? max] }, y: { range: rangeOf(data) } },
    axes: axes(data, resolved("--soft", frame), resolved("--line", frame)),
    series: [{}, ...data.series.map((_, at) => lineOf(data, at, frame))],
    plugins: [tooltip(data)],
    hooks: {
      draw: [(plot) => drawExtras(plot, data, frame)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width > 4) {
            data.onZoom?.(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          }
        },
      ],
    },
  };
  const values = [data.times, ...data.series.map(({ values: own }) => own)] as uPlot.AlignedData;
  const plot = new uPlot(options, values, frame);
  const sized = new ResizeObserver(() => plot.setSize(size()));
  sized.observe(frame);
  return () => {
    sized.disconnect();
    plot.destroy();
  };
}
