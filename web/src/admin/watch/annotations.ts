// What happened over a range, as marks in its charts: restarts, repairs, alerts, changes of the configuration.
import { useMemo } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useLoad } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import type { Mark } from "../../ui/chart";
import type en from "./en";
import { asked, type Range } from "./range";

const t = wordsOf<typeof en>();

export type Annotation = Schema<"Annotation">;

/** More marks than this hide the lines; the newest are drawn, and all are listed. */
const MARKS_MAX = 24;
/** Labels closer to each other than this share of the range would lie over each other. */
const APART = 0.09;

/** What an annotation is called, with the object that tells it from others of its kind. */
export function nameOfAnnotation({ code, params }: Annotation): string {
  const given = params as Record<string, unknown>;
  const about = given["cause"] ?? given["upkeep"];
  const name = t.maybe(`note.${code}`, code);
  return typeof about === "string" ? `${name}: ${t.maybe(`upkeep.${about}`, about)}` : name;
}

export function useAnnotations(range: Range): { loaded: Loaded<Annotation[]>; marks: Mark[] } {
  const loaded = useLoad(async () => (await ask(api.GET("/api/admin/monitor/annotations", { params: { query: asked(range) } }))).annotations, range.key);
  const marks = useMemo(() => marksOf(loaded.data ?? [], range), [loaded.data]);
  return { loaded, marks };
}

function marksOf(annotations: readonly Annotation[], { from, until }: Range): Mark[] {
  let lastLabelAt = Number.NEGATIVE_INFINITY;
  return annotations.slice(-MARKS_MAX).map((one) => {
    const at = new Date(one.at).getTime() / 1000;
    const isFree = at - lastLabelAt > (until - from) * APART;
    lastLabelAt = isFree ? at : lastLabelAt;
    return { at, label: isFree ? t.maybe(`note.${one.code}`, one.code) : "" };
  });
}
