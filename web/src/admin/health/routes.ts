// Routes over a range: the objects of the request metrics, put together by method and route.
import { api, ask, type Schema } from "../../lib/api/client";
import { asked, type Range } from "../watch/range";
import type { Slice } from "../watch/ledger";

type TopRow = Schema<"TopRow">;

export interface RouteRow {
  /** The method and the matched pattern. */
  name: string;
  count: number;
  /** Requests that ended in a server error, past their deadline, or refused. */
  failed: number;
  /** The time of all of them, in nanoseconds. */
  sum: number;
  /** Its share of the time of all routes. */
  share: number;
  /** The figures of its most frequent kind of answer. */
  main: Schema<"Step">;
  max: number;
  /** The objects it is made of, the most frequent first. */
  objects: string[];
  slices: Slice[];
}

const ROWS_MAX = 200;

function top(metric: string, range: Range): Promise<TopRow[]> {
  const query = { metric, by: "sum", limit: ROWS_MAX, ...asked(range) };
  return ask(api.GET("/api/admin/monitor/top", { params: { query } })).then(({ rows }) => rows);
}

/** "GET /api/me ok" without its last word. */
const withoutLast = (object: string): string => object.slice(0, object.lastIndexOf(" "));
const lastOf = (object: string): string => object.slice(object.lastIndexOf(" ") + 1);

export const isFailure = (object: string): boolean => ["server_error", "timed_out", "refused"].includes(lastOf(object));

function slicesByRoute(phases: readonly TopRow[]): Map<string, Slice[]> {
  const found = new Map<string, Map<string, number>>();
  for (const { object, figures } of phases) {
    const route = withoutLast(withoutLast(object));
    const of = found.get(route) ?? new Map<string, number>();
    const phase = lastOf(object);
    of.set(phase, (of.get(phase) ?? 0) + figures.sum);
    found.set(route, of);
  }
  return new Map([...found].map(([route, of]) => [route, [...of].map(([phase, ns]) => ({ phase, ns })).toSorted((a, b) => order(a) - order(b))]));
}

/** The order in which a request meets the phases; what is unexplained comes last. */
const ORDER = ["accept_queue", "executor_queue", "body_read", "limits", "cors", "session", "csrf", "pool_wait", "lock_wait", "query", "commit_wait", "hash_wait", "hash", "outbound", "evened", "handler", "blocked", "write", "unexplained"];
const order = ({ phase }: Slice): number => ORDER.indexOf(phase);

function rowOf(name: string, rows: readonly TopRow[], whole: number, slices: Slice[]): RouteRow {
  const sorted = rows.toSorted((a, b) => b.figures.count - a.figures.count);
  const add = (of: (row: TopRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const sum = add(({ figures }) => figures.sum);
  const [main] = sorted;
  return {
    name,
    count: add(({ figures }) => figures.count),
    failed: add(({ object, figures }) => (isFailure(object) ? figures.count : 0)),
    sum,
    share: whole > 0 ? sum / whole : 0,
    main: (main ?? rows[0])?.figures as Schema<"Step">,
    max: Math.max(...rows.map(({ figures }) => figures.max)),
    objects: sorted.map(({ object }) => object),
    slices,
  };
}

/** ALL routes that were asked for in the range, with where their time went. */
export async function getRoutes(range: Range): Promise<{ routes: RouteRow[]; objects: TopRow[] }> {
  const [objects, phases] = await Promise.all([top("http_request_ns", range), top("http_phase_ns", range)]);
  const slices = slicesByRoute(phases);
  const whole = objects.reduce((sum, { figures }) => sum + figures.sum, 0);
  const byRoute = new Map<string, TopRow[]>();
  for (const row of objects) {
    const name = withoutLast(row.object);
    byRoute.set(name, [...(byRoute.get(name) ?? []), row]);
  }
  const routes = [...byRoute].map(([name, rows]) => rowOf(name, rows, whole, slices.get(name) ?? []));
  return { routes, objects };
}
