// A moment as one says it ("5 minutes ago"), with the exact one behind it.
import { useEffect } from "preact/hooks";

import { formatDate, formatMoment, formatRelative } from "../lib/format";
import { createStore, useStore } from "../lib/store";

const minute = createStore(0);
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all that is shown: it runs only while something is. */
function useMinutes(): void {
  useStore(minute);
  useEffect(() => {
    watchers += 1;
    timer ??= setInterval(() => minute.set(minute.get() + 1), 30_000);
    return () => {
      watchers -= 1;
      if (watchers === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  }, []);
}

export function Time({ at, isDate = false }: { at: string; isDate?: boolean }) {
  useMinutes();
  return (
    <time dateTime={at} title={formatMoment(at)}>
      <bdi>{isDate ? formatDate(at, { dateStyle: "medium" }) : formatRelative(at)}</bdi>
    </time>
  );
}
