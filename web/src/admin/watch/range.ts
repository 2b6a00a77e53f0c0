// The stretch of time that is looked at: it stands in the address, and moves on while nobody pauses it.
import { useEffect, useRef, useState } from "preact/hooks";

import { liveness } from "../../lib/stream";
import { setQuery, useQuery } from "../../lib/router";
import { useStore } from "../../lib/store";

/** The lengths that are offered, in seconds. */
export const PRESETS = { "15m": 900, "1h": 3_600, "6h": 21_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000 } as const;
export type Preset = keyof typeof PRESETS;

export interface Range {
  /** The preset, or `custom`. */
  name: Preset | "custom";
  /** In seconds since 1970. */
  from: number;
  until: number;
  /** What tells this range from others, whatever the time is. */
  key: string;
}

const isPreset = (name: string): name is Preset => name in PRESETS;

/** A point is drawn about so often over the range: more than a chart can show apart. */
const POINTS = 200;
/** The shortest window the history has, in seconds. */
const FINEST_S = 10;
/** The lengths of a step that read well, in seconds. */
const STEPS_S = [10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** The length of a step that suits a range, in seconds. */
export function stepOf({ from, until }: Range): number {
  const wanted = (until - from) / POINTS;
  return STEPS_S.find((step) => step >= wanted) ?? 86_400;
}

function everyOf(range: Range): number {
  return Math.min(60, Math.max(FINEST_S, stepOf(range)));
}

/** The range of the address. Of a preset, the end is now; it moves on as long as the stream is not paused. */
export function useRange(): Range {
  const named = useQuery("range");
  const [from, until] = [Number(useQuery("from")), Number(useQuery("until"))];
  const [now, setNow] = useState(() => Math.ceil(Date.now() / 1000));
  const isPaused = useStore(liveness) === "paused";
  const isCustom = from > 0 && until > from;
  const name: Preset = isPreset(named) ? named : "1h";
  const range: Range = isCustom
    ? { name: "custom", from, until, key: `${from}-${until}` }
    : { name, from: now - PRESETS[name], until: now, key: name };
  const every = everyOf(range);
  useEffect(() => {
    if (isCustom || isPaused) {
      return undefined;
    }
    const tick = () => document.visibilityState === "visible" && setNow(Math.ceil(Date.now() / 1000));
    tick();
    const timer = setInterval(tick, every * 1000);
    return () => clearInterval(timer);
  }, [isCustom, isPaused, every, name]);
  return range;
}

/** Looks at another stretch; a step back in the browser returns to the one before. */
export function lookAt(from: number, until: number): void {
  const least = FINEST_S * 3;
  const middle = (from + until) / 2;
  const half = Math.max(least, until - from) / 2;
  setQuery({ from: String(Math.floor(middle - half)), until: String(Math.ceil(middle + half)) }, false);
}

/** Looks at a preset again. */
export function lookAtPreset(name: Preset): void {
  setQuery({ range: name === "1h" ? undefined : name, from: undefined, until: undefined }, false);
}

/** The parameters by which the API takes a range. */
export function asked({ from, until }: Range): { from: string; until: string } {
  return { from: new Date(from * 1000).toISOString(), until: new Date(until * 1000).toISOString() };
}

/** The part of an address that carries the range on to another screen. */
export function carried(range: Range): string {
  return range.name === "custom" ? `from=${range.from}&until=${range.until}` : `range=${range.name}`;
}

/** Asks again whenever the range moves on; an answer that is still under way is waited for instead. */
export function useMoving(range: Range, loaded: { isBusy: boolean; reload(): void }): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current && !loaded.isBusy) {
      loaded.reload();
    }
    isFirst.current = false;
  }, [range.until]);
}
