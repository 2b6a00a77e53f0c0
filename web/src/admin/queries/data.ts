// Named statements and write commands over a range: how often, how long, how many rows they gave and visited.
import { api, ask, type Schema } from "../../lib/api/client";
import { asked, type Range } from "../watch/range";

type TopRow = Schema<"TopRow">;

export interface QueryRow {
  name: string;
  kind: "statement" | "command";
  calls: number;
  /** In nanoseconds, all runs together. */
  total: number;
  share: number;
  mean: number;
  p95: number;
  max: number;
  /** Rows given or changed. */
  rows: number;
  /** Rows visited by full scans. */
  scanned: number;
  /** Pages asked of the page cache. */
  pages: number;
  /** Waits before it could begin, in nanoseconds, p95. */
  wait: number;
  failed: number;
}

const ROWS_MAX = 200;

async function top(metric: string, range: Range): Promise<Map<string, TopRow>> {
  const { rows } = await ask(api.GET("/api/admin/monitor/top", { params: { query: { metric, by: "sum", limit: ROWS_MAX, ...asked(range) } } }));
  return new Map(rows.map((row) => [row.object, row]));
}

type Counted = Pick<QueryRow, "rows" | "scanned" | "pages" | "wait" | "failed">;

function rowOf(kind: QueryRow["kind"], { object, figures, share }: TopRow, counted: Counted): QueryRow {
  const { count, sum, p95, max } = figures;
  return { name: object, kind, calls: count, total: sum, share, mean: count > 0 ? sum / count : 0, p95: p95 ?? 0, max, ...counted };
}

/** ALL statements and commands of the range. */
export async function getQueries(range: Range): Promise<QueryRow[]> {
  const metrics = ["query_ns", "query_rows", "query_scanned_rows", "query_pages", "query_wait_ns", "query_failed", "command_run_ns", "command_queue_ns", "command_failed"];
  const found = await Promise.all(metrics.map((metric) => top(metric, range)));
  const of = (metric: string) => found[metrics.indexOf(metric)] ?? new Map<string, TopRow>();
  const sum = (metric: string, name: string) => of(metric).get(name)?.figures.sum ?? 0;
  const statements = [...of("query_ns").values()].map((row) =>
    rowOf("statement", row, {
      rows: sum("query_rows", row.object),
      scanned: sum("query_scanned_rows", row.object),
      pages: sum("query_pages", row.object),
      wait: of("query_wait_ns").get(row.object)?.figures.p95 ?? 0,
      failed: sum("query_failed", row.object),
    }),
  );
  const commands = [...of("command_run_ns").values()].map((row) =>
    rowOf("command", row, { rows: 0, scanned: 0, pages: 0, wait: of("command_queue_ns").get(row.object)?.figures.p95 ?? 0, failed: sum("command_failed", row.object) }),
  );
  const all = [...statements, ...commands];
  const whole = all.reduce((total, row) => total + row.total, 0);
  for (const row of all) {
    row.share = whole > 0 ? row.total / whole : 0;
  }
  return all;
}
