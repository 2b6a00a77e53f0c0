// Which accounts are wanted: from the parameters of the address to those of the API.

export const FILTERS = ["q", "role", "status", "verified", "seen", "created"] as const;

const DAY_MS = 86_400_000;
const before = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a search is for one account by its identifier. */
export const isId = (text: string): boolean => ID.test(text);

/** The parameters of the API for those of the address. */
export function wantedOf(query: URLSearchParams): Record<string, string> {
  const said = (name: string) => query.get(name) ?? "";
  const seen = said("seen");
  const days = Number(seen.replace(/\D/g, ""));
  const created = Number(said("created").slice(1));
  const wanted = {
    email: said("q"),
    role: said("role"),
    status: said("status"),
    verified: said("verified"),
    seen_from: seen.startsWith("d") ? before(days) : "",
    // Whoever never signed in did so before every moment, and so before the first.
    seen_until: seen === "never" ? "1970-01-01T00:00:00.001Z" : seen.startsWith("idle") ? before(days) : "",
    created_from: created > 0 ? before(created) : "",
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ""));
}
