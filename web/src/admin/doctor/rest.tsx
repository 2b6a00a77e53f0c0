// What else a sceptic wants to know: where the time went, what it is not, what remains, what was not measured, how to check.
import type { ComponentChildren } from "preact";

import { formatMoment } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import { Card } from "../../ui/card";
import { Copy } from "../../ui/copy";
import type en from "./en";
import { Cited } from "./evidence";
import { BudgetTable, RuledOut } from "./finding";
import type { Missing, Report, Sentence } from "./report";
import { Said } from "./said";

const t = wordsOf<typeof en>();

function Sentences({ all, report }: { all: readonly Sentence[]; report: Report }) {
  return (
    <ul class="bullets">
      {all.map((one, at) => (
        <li key={at} dir="auto">
          <Said text={one.text} /> <Cited ids={one.evidence} facts={report.evidence} />
        </li>
      ))}
    </ul>
  );
}

function Missed({ all }: { all: readonly Missing[] }) {
  return (
    <ul class="bullets small">
      {all.map((one) => (
        <li key={`${one.key} ${one.object}`}>
          <bdi dir="ltr">
            <code>{one.key}</code> {one.object}
          </bdi>{" "}
          <span class="soft" dir="auto">
            {one.reason}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Fold({ title, count, children }: { title: string; count: number; children: ComponentChildren }) {
  return count === 0 ? null : (
    <details class="fold">
      <summary>
        {title} <span class="soft">{t.many("rest.count", count)}</span>
      </summary>
      {children}
    </details>
  );
}

export function Rest({ report }: { report: Report }) {
  const { run, ruled_out, open, missing, refused, remains, budgets } = report;
  return (
    <>
      {remains.length > 0 && (
        <Card title={t("rest.remains")} says={t("rest.remains.says")}>
          <Sentences all={remains} report={report} />
        </Card>
      )}
      <Card title={t("rest.title")} says={t("rest.says")}>
        <div class="folds">
          <Fold title={t("rest.ruled_out")} count={ruled_out.length}>
            <RuledOut all={ruled_out} facts={report.evidence} />
          </Fold>
          <Fold title={t("rest.budgets")} count={budgets.length}>
            <div class="stack wide-gap">
              {budgets.map((budget) => (
                <BudgetTable key={budget.object} budget={budget} />
              ))}
            </div>
          </Fold>
          <Fold title={t("rest.open")} count={open.length}>
            <ul class="ruled">
              {open.map((one) => (
                <li key={one.cause}>
                  <strong dir="auto">{one.title}</strong>
                  <Missed all={one.missing} />
                </li>
              ))}
            </ul>
          </Fold>
          <Fold title={t("rest.missing")} count={missing.length}>
            <Missed all={missing} />
          </Fold>
          <Fold title={t("rest.refused")} count={refused.length}>
            <Sentences all={refused} report={report} />
          </Fold>
        </div>
      </Card>
      <Card title={t("rest.check")} says={t("rest.check.says")}>
        <div class="stack">
          <Copy text={run.command_line} />
          <dl class="facts small">
            <dt>{t("run.from")}</dt>
            <dd>
              {formatMoment(run.started_at)} – {formatMoment(run.ended_at)}
            </dd>
            <dt>{t("run.version")}</dt>
            <dd>
              <bdi dir="ltr">{run.doctor_version}</bdi>
            </dd>
            {run.kernel && (
              <>
                <dt>{t("run.kernel")}</dt>
                <dd>
                  <bdi dir="ltr">{run.kernel}</bdi>
                </dd>
              </>
            )}
            {run.rights && (
              <>
                <dt>{t("run.rights")}</dt>
                <dd>
                  <bdi dir="ltr">{run.rights}</bdi>
                </dd>
              </>
            )}
            <dt>{t("run.facts")}</dt>
            <dd>{t.many("run.facts.count", report.evidence.length)}</dd>
            <dt>SHA-256</dt>
            <dd>
              <bdi dir="ltr">
                <code>{report.evidence_sha256}</code>
              </bdi>
            </dd>
          </dl>
        </div>
      </Card>
    </>
  );
}
