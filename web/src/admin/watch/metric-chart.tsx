// A chart of the monitor: asked for when it comes into sight, and again as time goes on.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { useLoad } from "../../lib/load";
import { useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Block } from "../../ui/block";
import { Chart, type Mark, type Threshold } from "../../ui/chart";
import type en from "./en";
import { lookAt, type Range, useMoving } from "./range";
import { type Drawn, getLines, type LineSpec } from "./series";

const t = wordsOf<typeof en>();

export interface ChartSpec {
  title: string;
  unit?: string;
  lines: readonly LineSpec[];
  thresholds?: readonly Threshold[];
  format(value: number): string;
}

interface Props extends ChartSpec {
  range: Range;
  marks?: readonly Mark[];
  heightPx?: number;
}

/** Whether the element is, or was, near what is seen. */
function useSeen<T extends Element>() {
  const [isSeen, setSeen] = useState(false);
  const frame = useRef<T>(null);
  useEffect(() => {
    const seer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setSeen(true), { rootMargin: "400px" });
    if (frame.current) {
      seer.observe(frame.current);
    }
    return () => seer.disconnect();
  }, []);
  return { frame, isSeen };
}

export function MetricChart(props: Props) {
  const { frame, isSeen } = useSeen<HTMLDivElement>();
  return (
    <div ref={frame} class="metric">
      {isSeen ? <Asked {...props} /> : null}
    </div>
  );
}

function Asked(props: Props) {
  const { lines, range, title } = props;
  const isCompared = useQuery("compare") !== "";
  const loaded = useLoad(() => getLines(lines, range, isCompared ? t("chart.before") : undefined), `${range.key} ${isCompared} ${lines.map(({ object }) => object).join()}`);
  useMoving(range, loaded);
  return (
    <Block loaded={loaded} skeleton={<div class="bone plot-bone" role="img" aria-label={title} />}>
      {(data) => <Made {...props} data={data} />}
    </Block>
  );
}

const NONE: readonly Threshold[] = [];

function Made({ title, unit, thresholds, format, range, marks, heightPx, data }: Props & { data: Drawn }) {
  const limits = useMemo(() => thresholds ?? NONE, [JSON.stringify(thresholds)]);
  // The end of the range moves only with the data, or else the chart would be drawn twice.
  const shown = useMemo(() => ({ from: range.from, until: range.until }), [data, range.key]);
  return (
    <Chart
      title={title}
      {...(unit !== undefined && { unit })}
      times={data.times}
      series={data.series}
      thresholds={limits}
      {...(marks && { marks })}
      format={format}
      from={shown.from}
      to={shown.until}
      group="watch"
      heightPx={heightPx ?? 170}
      onZoom={lookAt}
    />
  );
}
