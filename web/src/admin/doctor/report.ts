// The report of an examination as docs/reference/report.schema.json lays it out: what the panel reads of it.

export interface Sentence {
  code: string;
  /** In the language that was asked for. */
  text: string;
  /** The facts it rests on. */
  evidence: string[];
}

export interface Figure {
  value: number;
  unit: "ms" | "percent" | "bytes" | "count" | "id" | "days" | "plain";
  text: string;
}

export interface Missing {
  key: string;
  object: string;
  reason: string;
}

export interface Finding {
  cause: string;
  title: string | null;
  object: string;
  grade: "proven" | "observed";
  says: Sentence;
  share: Figure | null;
  /** The endpoints whose time it explains. */
  explains: string[];
  chain: Sentence[];
}

export interface Budget {
  object: string;
  total: Figure;
  rows: { component: string; time: Figure; share: Figure; note: Sentence | null }[];
}

export interface Excluded {
  cause: string;
  title: string;
  look_alike: boolean;
  by: Sentence;
}

export interface Offer {
  repair: string;
  cause: string;
  title: string;
  class: "auto" | "ask" | "tell";
  how: Sentence | null;
  command: string | null;
  predicted_effect: Sentence | null;
  risk: string;
  way_back: string;
}

export interface Endpoint {
  path: string;
  control: boolean;
  effect: "improved" | "no_effect" | "worse" | "not_measured";
  status: "resolved" | "not_resolved" | "not_measured" | "was_healthy";
  median_before: Figure | null;
  median_after: Figure | null;
  p95_before: Figure | null;
  p95_after: Figure | null;
  change_percent: number | null;
  interval_percent: { low: number; high: number } | null;
  says: Sentence;
}

export interface Applied {
  repair: string;
  cause: string;
  title: string;
  foretold: number | null;
  receipt: { changed: number; statement: string; started_at: number; ended_at: number } | null;
  fate: { result: "proven" | "undone" | "without_effect" | "declined" | "failed"; reason?: string };
  proof: { proven: boolean; unharmed: boolean; state: { reached: boolean; says: Sentence } | null; endpoints: Endpoint[] } | null;
}

export interface Fact {
  id: string;
  key: string;
  object: string;
  unit: string;
  n: number;
  taken_at: number;
  source: { probe: string; from: string; repeat: string };
  value: { kind: string; value: unknown };
}

export interface Report {
  outcome: "healthy" | "finding" | "inconclusive" | "repaired";
  run: { target: string; started_at: number; ended_at: number; doctor_version: string; command_line: string; rights: string | null; kernel: string | null };
  thresholds: { response_target_ms: number };
  headline: Sentence[];
  symptoms: { path: string; ailment: "unreachable" | "impostor" | "failing" | "slow"; object: string; figure: Figure | null }[];
  findings: Finding[];
  budgets: Budget[];
  ruled_out: Excluded[];
  open: { cause: string; title: string; missing: Missing[] }[];
  hygiene: Finding[];
  repairs: Offer[];
  refused: Sentence[];
  never: string[];
  applied: Applied[];
  remains: Sentence[];
  evidence_sha256: string;
  evidence: Fact[];
  missing: Missing[];
}
