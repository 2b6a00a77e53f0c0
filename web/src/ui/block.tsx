// A block of data and ALL its states: being loaded, there, empty, filtered to nothing, failed, stale, forbidden.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Loaded } from "../lib/load";
import { formatRelative } from "../lib/format";
import { wordsOf } from "../lib/words";
import { Icon } from "./icon";
import { alert, search, shield } from "./icons";
import { ProblemNotice, wordProblem } from "./problem";

const t = wordsOf();

/** A skeleton is drawn after this time, and then for that time at least: nothing flickers. */
const AFTER_MS = 200;
const LEAST_MS = 300;

/** Whether waiting is to be shown: late enough not to flicker, long enough to be seen. */
function useWaiting(isWaiting: boolean): boolean {
  const [shownAt, setShownAt] = useState(0);
  useEffect(() => {
    if (isWaiting && shownAt === 0) {
      const timer = setTimeout(() => setShownAt(Date.now()), AFTER_MS);
      return () => clearTimeout(timer);
    }
    if (!isWaiting && shownAt !== 0) {
      const timer = setTimeout(() => setShownAt(0), Math.max(0, LEAST_MS - (Date.now() - shownAt)));
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [isWaiting, shownAt]);
  return shownAt !== 0;
}

/** Lines in the shape of what is to come. */
export function Bones({ rows = 4 }: { rows?: number }) {
  const widths = ["w4", "w3", "w5", "w2"];
  return (
    <div class="bones" aria-hidden="true">
      {Array.from({ length: rows }, (_, at) => (
        <span key={at} class={`bone ${widths[at % widths.length]}`} />
      ))}
    </div>
  );
}

interface NothingProps {
  icon?: string;
  title: ComponentChildren;
  children?: ComponentChildren;
}

/** Nothing is here: why, and what to do next. */
export function Nothing({ icon, title, children }: NothingProps) {
  return (
    <div class="nothing">
      {icon && <Icon d={icon} />}
      <strong>{title}</strong>
      {children}
    </div>
  );
}

interface Props<T> {
  loaded: Loaded<T>;
  /** What is drawn while nothing is known, in the shape of what comes. */
  skeleton?: ComponentChildren;
  isEmpty?(data: T): boolean;
  /** Shown when there is nothing at all. */
  empty?: ComponentChildren;
  /** Whether filters are set; with them, nothing means nothing that fits. */
  isFiltered?: boolean;
  onClear?(): void;
  children(data: T): ComponentChildren;
}

function Failed<T>({ loaded }: { loaded: Loaded<T> }) {
  const { problem } = loaded;
  if (problem === undefined) {
    return null;
  }
  if (problem.status === 403) {
    const { title, detail } = wordProblem(problem);
    return (
      <Nothing icon={shield} title={title}>
        <p>{detail}</p>
      </Nothing>
    );
  }
  return (
    <div class="inside">
      <ProblemNotice problem={problem} onRetry={loaded.reload} />
    </div>
  );
}

export function Block<T>({ loaded, skeleton, isEmpty, empty, isFiltered = false, onClear, children }: Props<T>) {
  const { data, problem } = loaded;
  const isWaiting = useWaiting(data === undefined && problem === undefined);
  if (isWaiting) {
    return (
      <div role="status" aria-label={t("loading")}>
        {skeleton ?? <Bones />}
      </div>
    );
  }
  if (data === undefined) {
    return <Failed loaded={loaded} />;
  }
  return (
    <>
      {problem && (
        <button type="button" class="stale" onClick={loaded.reload}>
          <Icon d={alert} />
          {t("stale", { ago: formatRelative(loaded.at) })}
        </button>
      )}
      {isEmpty?.(data) ? isFiltered ? <FilteredEmpty onClear={onClear} /> : empty : children(data)}
    </>
  );
}

function FilteredEmpty({ onClear }: { onClear: (() => void) | undefined }) {
  return (
    <Nothing icon={search} title={t("filtered.empty")}>
      {onClear && (
        <button type="button" class="button small" onClick={onClear}>
          {t("filtered.clear")}
        </button>
      )}
    </Nothing>
  );
}
