// Findings: cause, then evidence, then what it is not, then where the time went, then what to do about it.
import type { Schema } from "../../lib/api/client";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import type en from "./en";
import { Cited, FactTable } from "./evidence";
import { Repairs } from "./repair";
import type { Budget, Excluded, Fact, Finding, Report } from "./report";
import { Said } from "./said";

const t = wordsOf<typeof en>();

/** What kind of time a component of the budget is; a kind has one colour, as in the ledger. */
const KINDS: Record<string, string> = {
  connect: "queue",
  not_accepted: "queue",
  unread: "queue",
  on_cpu: "own",
  run_queue: "queue",
  throttled: "queue",
  db_lock: "lock",
  db_work: "database",
  pool_wait: "queue",
  disk: "disk",
  upstream: "outside",
  sleep: "hash",
  answer: "client",
};

export function BudgetTable({ budget }: { budget: Budget }) {
  const whole = budget.total.value || 1;
  const rows = budget.rows.filter(({ time }) => time.value > 0);
  let at = 0;
  return (
    <div class="stack">
      <p class="row apart">
        <bdi dir="ltr">{budget.object}</bdi>
        <strong dir="auto">{budget.total.text}</strong>
      </p>
      <ol class="fall">
        {rows.map(({ component, time, share }) => {
          const x = (at / whole) * 1000;
          at += time.value;
          return (
            <li key={component}>
              <span class="fall-name">{t.maybe(`component.${component}`, component)}</span>
              <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
                <rect class={`kind ${KINDS[component] ?? "rest"}`} x={Math.min(996, x)} y="0" width={Math.max(4, (time.value / whole) * 1000)} height="10" rx="1" />
              </svg>
              <span class="number" dir="auto">
                {time.text}
              </span>
              <span class="number soft" dir="auto">
                {share.text}
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** What something is not, each by its own measurement. */
export function RuledOut({ all, facts }: { all: readonly Excluded[]; facts: readonly Fact[] }) {
  return (
    <ul class="ruled">
      {all.map((one) => (
        <li key={one.cause}>
          <span>
            <strong dir="auto">{one.title}</strong> <span class="soft small">{one.cause}</span>
          </span>
          <span dir="auto">
            <Said text={one.by.text} /> <Cited ids={one.by.evidence} facts={facts} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function One({ of, finding, report }: { of: Schema<"Examination">; finding: Finding; report: Report }) {
  const offers = report.repairs.filter(({ cause }) => cause === finding.cause);
  const alike = report.ruled_out.filter(({ look_alike }) => look_alike);
  const budgets = report.budgets.filter(({ object }) => finding.explains.some((path) => object === path || object.endsWith(path)));
  const isHygiene = report.hygiene.includes(finding);
  const grade = <Badge tone={isHygiene ? "note" : finding.grade === "proven" ? "bad" : "warn"}>{isHygiene ? t("finding.hygiene") : t(`grade.${finding.grade}`)}</Badge>;
  return (
    <Card
      title={<span dir="auto">{finding.title ?? finding.cause}</span>}
      says={
        <>
          {finding.cause} · <bdi dir="ltr">{finding.object}</bdi>
        </>
      }
      action={grade}
    >
      <div class="stack finding">
        <p class="cause" dir="auto">
          <Said text={finding.says.text} /> <Cited ids={finding.says.evidence} facts={report.evidence} />
        </p>
        <section class="stack">
          <h3>{t("finding.evidence")}</h3>
          {finding.chain.length > 0 && (
            <ol class="chain">
              {finding.chain.map((link, at) => (
                <li key={at} dir="auto">
                  <Said text={link.text} /> <Cited ids={link.evidence} facts={report.evidence} />
                </li>
              ))}
            </ol>
          )}
          <details open={finding.chain.length === 0}>
            <summary class="small">{t("finding.facts")}</summary>
            <FactTable sentences={[finding.says, ...finding.chain]} facts={report.evidence} />
          </details>
        </section>
        {!isHygiene && alike.length > 0 && (
          <section class="stack">
            <h3>{t("finding.alike")}</h3>
            <RuledOut all={alike} facts={report.evidence} />
          </section>
        )}
        {budgets.length > 0 && (
          <section class="stack">
            <h3>{t("finding.budget")}</h3>
            {budgets.slice(0, 3).map((budget) => (
              <BudgetTable key={budget.object} budget={budget} />
            ))}
          </section>
        )}
        {offers.length > 0 && (
          <section class="stack">
            <h3>{t("finding.repair")}</h3>
            <Repairs of={of} offers={offers} facts={report.evidence} />
          </section>
        )}
      </div>
    </Card>
  );
}

export function Findings({ of, report }: { of: Schema<"Examination">; report: Report }) {
  return (
    <>
      {[...report.findings, ...report.hygiene].map((finding) => (
        <One key={`${finding.cause} ${finding.object}`} of={of} finding={finding} report={report} />
      ))}
    </>
  );
}
