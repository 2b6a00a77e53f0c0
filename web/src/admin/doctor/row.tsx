// One examination in a list: its verdict in words, what was examined, by whom and when.
import type { Schema } from "../../lib/api/client";
import { formatDuration } from "../../lib/format";
import { language } from "../../lib/preferences";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Time } from "../../ui/time";
import type en from "./en";
import { Said } from "./said";

const t = wordsOf<typeof en>();

type Examination = Schema<"Examination">;

export const nameOfTarget = (name: string): string => (name === "self" ? t("target.self") : name);

export const isOpen = ({ state }: Examination): boolean => state === "queued" || state === "running";

const OUTCOMES: Record<string, Tone> = { healthy: "good", finding: "bad", inconclusive: "warn", repaired: "good" };

export function OutcomeBadge({ of }: { of: Examination }) {
  if (of.state === "done" && of.outcome) {
    return <Badge tone={OUTCOMES[of.outcome] ?? ""}>{t(`outcome.${of.outcome}`)}</Badge>;
  }
  return <Badge tone={of.state === "failed" ? "bad" : isOpen(of) ? "note" : ""}>{t(`exam.${of.state}`)}</Badge>;
}

/** The verdict's first line, or how it stands. */
export function headlineOf(of: Examination): string {
  const [line] = of.headline;
  const words = line?.text as Record<string, string> | undefined;
  if (words !== undefined) {
    return words[language] ?? words["en"] ?? "";
  }
  return of.failure ? t.maybe(`failure.${of.failure}`, of.failure) : t(`exam.${of.state}.says`);
}

export function ExaminationRow({ of }: { of: Examination }) {
  return (
    <li class="exam">
      <OutcomeBadge of={of} />
      <div>
        <a href={`/admin/doctor/${of.id}`} dir="auto">
          <Said text={headlineOf(of)} />
        </a>
        {of.repair && (
          <p class="soft small">
            {t("exam.repair", { repair: t.maybe(`repair.${of.repair.repair}`, of.repair.repair) })}
            {of.repair.result && ` · ${t(`fate.${of.repair.result}`)}`}
          </p>
        )}
      </div>
      <div class="exam-when soft small">
        <span>
          <bdi>{nameOfTarget(of.target)}</bdi> · {t(`begun.${of.begun_by}`)}
        </span>
        <span>
          <Time at={of.ordered_at} />
          {typeof of.took_ms === "number" && ` · ${formatDuration(of.took_ms)}`}
        </span>
      </div>
    </li>
  );
}
