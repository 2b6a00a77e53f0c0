// The verdict in its sentences, the endpoints that were sick, and what remains.
import type { Schema } from "../../lib/api/client";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Icon } from "../../ui/icon";
import { alert, check, info } from "../../ui/icons";
import type en from "./en";
import { Cited } from "./evidence";
import type { Report } from "./report";
import { Said } from "./said";

const t = wordsOf<typeof en>();

const LOOKS = { healthy: ["good", check], repaired: ["good", check], finding: ["bad", alert], inconclusive: ["warn", info] } as const;

export function Verdict({ of, report }: { of: Schema<"Examination">; report: Report }) {
  const [tone, icon] = LOOKS[report.outcome];
  return (
    <section class={`verdict-box ${tone}`} aria-label={t("exam.verdict")}>
      <Icon d={icon} />
      <div class="stack">
        {report.headline.map((line, at) => (
          <p key={at} class={at === 0 ? "first" : undefined} dir="auto">
            <Said text={line.text} /> <Cited ids={line.evidence} facts={report.evidence} />
          </p>
        ))}
        {report.symptoms.length > 0 && (
          <ul class="symptoms">
            {report.symptoms.map((one) => (
              <li key={one.object}>
                <Badge tone="bad">{t(`ailment.${one.ailment}`)}</Badge> <bdi dir="ltr">{one.path}</bdi> {one.figure && <strong dir="auto">{one.figure.text}</strong>}
              </li>
            ))}
          </ul>
        )}
        {of.repair?.result === "not_offered" && <p>{t("fate.not_offered.says")}</p>}
      </div>
    </section>
  );
}
