// Causes in words: a measured one by its name, a statement or route by its own.
import { wordsOf } from "../../lib/words";
import type en from "./en";

const t = wordsOf<typeof en>();

/** `writer_lock`, `query:user.inbox`, `route:GET /api/me`, `rule:disk_free`. */
export function nameOfCause(cause: string): string {
  const [kind = "", ...rest] = cause.split(":");
  const name = rest.join(":");
  return name === "" ? t.maybe(`cause.${kind}`, cause) : kind === "rule" ? t.maybe(`rule.${name}`, name) : t.maybe(`cause.${kind}`, cause, { name });
}
