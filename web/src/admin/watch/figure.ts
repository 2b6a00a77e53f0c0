// Figures of rules in words: each in the unit a person would choose for it.
import { formatBytes, formatDuration, formatNumber, formatPercent, formatUnit } from "../../lib/format";

/** A value in a rule's unit: `s`, `ratio`, `count`, `bytes`. */
export function formatFigure(value: number, unit: string): string {
  switch (unit) {
    case "s":
      return value === 0 ? formatUnit(0, "second") : formatDuration(value * 1000);
    case "ratio":
      return formatPercent(value);
    case "bytes":
      return formatBytes(value);
    default:
      return formatNumber(value, { maximumFractionDigits: 1 });
  }
}

/** How a threshold is typed: its own unit, in which it is by so much larger. */
export const TYPED: Record<string, { unit: string; times: number }> = {
  s: { unit: "s", times: 1 },
  ratio: { unit: "%", times: 100 },
  bytes: { unit: "GB", times: 1e-9 },
  count: { unit: "", times: 1 },
};
