// A row of the audit trail in words: what happened, in detail, by whom and to whom.
import type { Schema } from "../../lib/api/client";
import { wordsOf } from "../../lib/words";
import type en from "./en";
import { useEmail } from "./people";

const t = wordsOf<typeof en>();

export type Entry = Schema<"AuditEntry">;
type Params = Record<string, unknown>;

/** What happened. A code the panel has no words for speaks for itself. */
export function wordCode(code: string): string {
  return t.maybe(`audit.${code}`, code);
}

function change(params: Params, what: "role" | "status"): string {
  const { from, to } = (params[what] ?? {}) as { from?: string; to?: string };
  const word = (value: string | undefined) => t.maybe(`${what}.${value}`, value ?? "");
  return from === undefined ? "" : t("said.change", { what: t(`said.${what}`), from: word(from), to: word(to) });
}

/** What its parameters say, in a few words; empty when they say nothing more. */
export function wordParams(entry: Pick<Entry, "params">): string {
  const params = entry.params as Params;
  const text = (name: string) => (typeof params[name] === "string" ? (params[name] as string) : "");
  const parts = [
    text("reason") && t.maybe(`reason.${text("reason")}`, text("reason")),
    change(params, "role"),
    change(params, "status"),
    typeof params["rows"] === "number" ? t.many("said.rows", params["rows"]) : "",
    text("job") || text("rule") || text("code") || text("kind"),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** The user an entry is about, when it is one. */
export function userOf(entry: Pick<Entry, "target" | "params">): string | undefined {
  if (entry.target?.startsWith("user:")) {
    return entry.target.slice("user:".length);
  }
  const { user } = entry.params as { user?: string };
  return user;
}

/** An account by its address; one that is gone by the end of its identifier. */
export function UserLink({ id }: { id: string }) {
  const email = useEmail(id);
  return (
    <a href={`/admin/users/${id}`} title={id} aria-label={email ?? id.slice(-8)}>
      <bdi dir="ltr">{email ?? <code>{id.slice(-8)}</code>}</bdi>
    </a>
  );
}

/** Who did something: an account, somebody who was not signed in, or the server itself. */
export function By({ entry: { actor, address } }: { entry: Entry }) {
  return actor ? <UserLink id={actor} /> : <span class="soft">{t(address ? "said.visitor" : "said.system")}</span>;
}
