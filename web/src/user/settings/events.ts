// Entries of a user's security log in words.
import type { Schema } from "../../lib/api/client";
import { wordsOf } from "../../lib/words";

const t = wordsOf();

export type Event = Schema<"SecurityEvent">;

/** The codes somebody may want to filter by; the others are shown, too. */
export const FILTERS = ["login.succeeded", "login.failed", "session.ended", "password.changed", "password.reset_asked", "email.change_asked", "email.changed", "user.changed"] as const;

export function eventName(code: string): string {
  return t.maybe(`event.${code}`, code);
}

export function eventTitle({ code, params }: Event): string {
  const { reason } = params as { reason?: unknown };
  const why = typeof reason === "string" ? t.maybe(`event.reason.${reason}`, "") : "";
  return why === "" ? eventName(code) : `${eventName(code)}: ${why}`;
}

/** Whether it is something to look twice at. */
export function isBad({ code }: Event): boolean {
  return code === "login.failed" || code === "account.disowned";
}
