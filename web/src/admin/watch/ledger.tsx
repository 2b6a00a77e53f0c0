// Where the time of a request went: its phases as one bar, and as a list with their times.
import type { Schema } from "../../lib/api/client";
import { formatDuration, formatPercent } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import type en from "./en";

const t = wordsOf<typeof en>();

type Ledger = Schema<"Ledger">;

/** What kind of time a phase is; a kind has one colour. */
const KINDS: Record<string, string> = {
  accept_queue: "queue",
  executor_queue: "queue",
  pool_wait: "queue",
  lock_wait: "lock",
  query: "database",
  commit_wait: "disk",
  hash_wait: "queue",
  hash: "hash",
  outbound: "outside",
  evened: "outside",
  handler: "own",
  blocked: "own",
  body_read: "client",
  write: "client",
  limits: "own",
  cors: "own",
  session: "own",
  csrf: "own",
};

export interface Slice {
  phase: string;
  ns: number;
}

export const nameOfPhase = (phase: string): string => t.maybe(`phase.${phase}`, phase);

/** The phases of a ledger, what is unexplained last. */
export function slicesOf({ phases, unexplained_ns }: Ledger): Slice[] {
  return [...phases, { phase: "unexplained", ns: unexplained_ns }].filter(({ ns }) => ns > 0);
}

/** In words, what holds most of the time. */
function summaryOf(slices: readonly Slice[], whole: number): string {
  const most = slices.toSorted((a, b) => b.ns - a.ns).slice(0, 3);
  return most.map(({ phase, ns }) => `${nameOfPhase(phase)} ${formatPercent(ns / whole, 0)}`).join(", ");
}

/** The phases beside each other on one bar. */
export function SplitBar({ slices, isTall = false }: { slices: readonly Slice[]; isTall?: boolean }) {
  const whole = slices.reduce((sum, { ns }) => sum + ns, 0) || 1;
  let at = 0;
  return (
    <svg class={isTall ? "split tall" : "split"} viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={summaryOf(slices, whole)}>
      {slices.map(({ phase, ns }) => {
        const width = (ns / whole) * 1000;
        const x = at;
        at += width;
        return (
          <rect key={phase} class={`kind ${KINDS[phase] ?? "rest"}`} x={x} y="0" width={Math.max(0, width)} height="10">
            <title>{`${nameOfPhase(phase)}: ${formatDuration(ns / 1e6)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

/** Phases shorter than this share of the whole are told together. */
const SHOWN_SHARE = 0.005;

/** The phases one below the other, each from where the one before it ends: sums, drawn in the order a request meets them. */
export function Waterfall({ ledger }: { ledger: Ledger }) {
  const whole = ledger.wall_ns || 1;
  const slices = slicesOf(ledger);
  const shown = slices.filter(({ ns }) => ns / whole >= SHOWN_SHARE);
  const rest = slices.filter((one) => !shown.includes(one)).reduce((sum, { ns }) => sum + ns, 0);
  let at = 0;
  return (
    <ol class="fall">
      {shown.map(({ phase, ns }) => {
        const x = (at / whole) * 1000;
        at += ns;
        return <Step key={phase} phase={phase} ns={ns} whole={whole} x={x} />;
      })}
      {rest > 0 && <Step phase="rest" ns={rest} whole={whole} x={1000 - (rest / whole) * 1000} />}
    </ol>
  );
}

function Step({ phase, ns, whole, x }: Slice & { whole: number; x: number }) {
  return (
    <li>
      <span class="fall-name">{nameOfPhase(phase)}</span>
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class={`kind ${KINDS[phase] ?? "rest"}`} x={Math.min(996, x)} y="0" width={Math.max(4, (ns / whole) * 1000)} height="10" rx="1" />
      </svg>
      <span class="number">{formatDuration(ns / 1e6)}</span>
      <span class="number soft">{formatPercent(ns / whole, 0)}</span>
    </li>
  );
}

/** What the colours of the bars stand for. */
export function SplitKey() {
  const kinds = ["queue", "lock", "database", "disk", "hash", "own", "client", "outside", "rest"] as const;
  return (
    <ul class="key">
      {kinds.map((kind) => (
        <li key={kind}>
          <svg viewBox="0 0 10 10" class="swatch" aria-hidden="true">
            <rect class={`kind ${kind}`} width="10" height="10" rx="2" />
          </svg>
          {t(`kind.${kind}`)}
        </li>
      ))}
    </ul>
  );
}
