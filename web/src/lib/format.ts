// How numbers, times and sizes are written: by the language, the calendar and the digits that are preferred.
import { language, preferences } from "./preferences";

const made = new Map<string, unknown>();

/** Formatters are dear to make and asked for often. */
function keep<T>(key: string, make: () => T): T {
  const found = made.get(key) as T | undefined;
  if (found !== undefined) {
    return found;
  }
  const fresh = make();
  made.set(key, fresh);
  return fresh;
}

preferences.watch(() => made.clear());

/** The locale with the preferred calendar and digits. */
export function locale(): string {
  const { calendar, digits } = preferences.get();
  const base = language === "fa" ? "fa-IR" : (navigator.languages.find((l) => l.startsWith("en")) ?? "en");
  const parts = [calendar && `ca-${calendar}`, digits && `nu-${digits}`].filter(Boolean);
  return parts.length > 0 ? `${base.split("-u-")[0]}-u-${parts.join("-")}` : base;
}

/** The time zone that is preferred, or the browser's. */
export function timeZone(): string {
  return preferences.get().zone || Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = `n${JSON.stringify(options)}`;
  return keep(key, () => new Intl.NumberFormat(locale(), options)).format(value);
}

export function pluralOf(count: number): Intl.LDMLPluralRule {
  return keep("plural", () => new Intl.PluralRules(language)).select(count);
}

type Moment = string | number | Date;

/** A date and time by the parts that are wanted; `dateStyle: "medium"` and `timeStyle: "short"` if none are said. */
export function formatDate(at: Moment, options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" }): string {
  const key = `d${JSON.stringify(options)}`;
  return keep(key, () => new Intl.DateTimeFormat(locale(), { timeZone: timeZone(), ...options })).format(new Date(at));
}

/** A day with its weekday. CLDR's pattern for the two together in the Solar Hijri calendar is in no order Persian has. */
export function formatDay(at: Moment): string {
  if (language !== "fa") {
    return formatDate(at, { dateStyle: "full" });
  }
  return `${formatDate(at, { weekday: "long" })} ${formatDate(at, { dateStyle: "long" })}`;
}

/** A date, time and zone: what a relative time stands for. */
export function formatMoment(at: Moment): string {
  return formatDate(at, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago, or in how long: "5 minutes ago". Within ten seconds it is now. */
export function formatRelative(at: Moment, now: number = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const format = keep("r", () => new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }));
  if (Math.abs(seconds) < 10) {
    return format.format(0, "second");
  }
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ["second", 1];
  return format.format(Math.trunc(seconds / size), unit);
}

/** A number with a unit that Intl knows: `formatUnit(3, "minute", "long")`. */
export function formatUnit(value: number, unit: string, unitDisplay: "short" | "long" | "narrow" = "short", digits = 0): string {
  return formatNumber(value, { style: "unit", unit, unitDisplay, maximumFractionDigits: digits });
}

/** A duration in milliseconds in the unit a person would choose. */
export function formatDuration(ms: number): string {
  if (ms < 1) {
    return formatUnit(ms * 1000, "microsecond", "short", ms < 0.01 ? 1 : 0);
  }
  if (ms < 1000) {
    return formatUnit(ms, "millisecond", "short", ms < 10 ? 1 : 0);
  }
  const seconds = ms / 1000;
  if (seconds < 60) {
    return formatUnit(seconds, "second", "short", seconds < 10 ? 2 : 1);
  }
  if (seconds < 3600) {
    return formatUnit(seconds / 60, "minute", "short", seconds < 600 ? 1 : 0);
  }
  const hours = seconds / 3600;
  return hours < 48 ? formatUnit(hours, "hour", "short", 1) : formatUnit(hours / 24, "day", "short", 0);
}

/** A number of bytes in the unit a person would choose, in powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let value = bytes;
  let at = 0;
  while (Math.abs(value) >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return formatUnit(value, units[at] ?? "byte", "short", value < 10 && at > 0 ? 1 : 0);
}

/** A share of one as per cent. */
export function formatPercent(share: number, digits = 1): string {
  return formatNumber(share, { style: "percent", maximumFractionDigits: digits });
}

export function formatList(items: string[]): string {
  return keep("list", () => new Intl.ListFormat(locale())).format(items);
}
