// What a notification says: by its code in the page's language, else as its author wrote it.
import { agentName } from "../../lib/agent";
import { formatDate, formatDuration, formatNumber } from "../../lib/format";
import type { Schema } from "../../lib/api/client";
import { wordsOf } from "../../lib/words";

const t = wordsOf();

export type Notification = Schema<"Notification">;

/** A typed parameter as the server writes it: `{"moment": 1764316800000}`. */
function worded(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return typeof value === "number" ? formatNumber(value) : String(value ?? "");
  }
  const [kind, inside] = Object.entries(value)[0] ?? ["", ""];
  switch (kind) {
    case "moment":
      return formatDate(Number(inside));
    case "duration":
      return formatDuration(Number(inside));
    case "number":
      return formatNumber(Number(inside));
    case "machine":
      // Isolated, so that an address inside a Persian sentence keeps its order.
      return `\u2066${String(inside)}\u2069`;
    default:
      return `\u2068${String(inside)}\u2069`;
  }
}

/** A program that signed in is named as a person would name it. */
function named(name: string, value: unknown): string {
  const { machine } = (value ?? {}) as { machine?: unknown };
  return name === "device" && typeof machine === "string" ? worded({ machine: agentName(machine, machine) }) : worded(value);
}

function valuesOf({ params }: Notification): Record<string, string> {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, named(name, value)]));
}

export function titleOf(item: Notification): string {
  return item.code ? t.maybe(`notice.${item.code}`, item.title, valuesOf(item)) : item.title;
}

/** The text below the title. Where a parameter of a code is missing, so is the sentence. */
export function bodyOf(item: Notification): string {
  if (!item.code) {
    return item.body;
  }
  const text = t.maybe(`notice.${item.code}.body`, item.body, valuesOf(item));
  return /\{\w+\}/.test(text) ? item.body : text;
}

/** What a category is called, where it is one of ours. */
export function categoryOf(category: string): string {
  return t.maybe(`category.${category}`, category);
}
