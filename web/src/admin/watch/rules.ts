// The thresholds that are in force, to be drawn in charts.
import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useLoad } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import type { Threshold } from "../../ui/chart";
import type en from "./en";

const t = wordsOf<typeof en>();

export type Rule = Schema<"Rule">;

export function useRules(): Loaded<Rule[]> {
  return useLoad(async () => (await ask(api.GET("/api/admin/alerts/rules"))).rules);
}

/** The threshold of a rule as a line, `times` as large as it is in the rule's unit. */
export function thresholdOf(rules: readonly Rule[] | undefined, code: string, times = 1): Threshold[] {
  const rule = rules?.find((one) => one.code === code && one.enabled);
  return rule ? [{ value: rule.threshold * times, label: t(rule.severity === "critical" ? "line.alert" : "line.target") }] : [];
}
