// One alert in a list: how bad, its cause, what was measured, and since when.
import type { Schema } from "../../lib/api/client";
import { formatDuration, formatMoment } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Time } from "../../ui/time";
import { nameOfCause } from "../watch/cause";
import { formatFigure } from "../watch/figure";
import type en from "./en";

const t = wordsOf<typeof en>();

type Alert = Schema<"Alert">;

export const isOver = ({ resolved_at }: Alert): boolean => typeof resolved_at === "string";

/** How it stands: over, or firing with its severity. */
export function AlertBadge({ of }: { of: Alert }) {
  if (isOver(of)) {
    return <Badge tone="good">{t("state.over")}</Badge>;
  }
  const tone: Tone = of.state === "recovering" ? "note" : of.severity === "critical" ? "bad" : "warn";
  return <Badge tone={tone}>{of.state === "firing" ? t(`severity.${of.severity}`) : t(`state.${of.state}`)}</Badge>;
}

export const nameOfRule = (code: string): string => t.maybe(`rule.${code}`, code);

/** "95 % of the requests took 7.1 s, at most 5 s are allowed". */
export function SymptomWords({ of }: { of: Schema<"Symptom"> }) {
  const values = { value: <strong>{formatFigure(of.value, of.unit)}</strong>, threshold: formatFigure(of.threshold, of.unit) };
  return (
    <>
      {nameOfRule(of.rule)}
      {of.object && (
        <>
          {" · "}
          <bdi dir="ltr">{of.object}</bdi>
        </>
      )}
      {": "}
      {t.rich("symptom.figures", values)}
    </>
  );
}

/** How long it lasted, or since when it goes on. */
export function Lasting({ of }: { of: Alert }) {
  const { resolved_at: end } = of;
  if (typeof end !== "string") {
    return <>{t.rich("alert.since", { at: <Time at={of.began_at} /> })}</>;
  }
  const ms = new Date(end).getTime() - new Date(of.began_at).getTime();
  return (
    <>
      {t.rich("alert.lasted", { at: <Time at={of.began_at} />, time: formatDuration(ms) })}
    </>
  );
}

export function AlertRow({ of }: { of: Alert }) {
  return (
    <li class="alert-row">
      <AlertBadge of={of} />
      <div>
        <a class="alert-name" href={`/admin/alerts/${of.id}`} dir="auto">
          {nameOfCause(of.cause)}
        </a>
        <ul>
          {of.symptoms.slice(0, 3).map((one) => (
            <li key={`${one.rule} ${one.object}`} dir="auto">
              <SymptomWords of={one} />
            </li>
          ))}
          {of.symptoms.length > 3 && <li class="soft">{t.many("alert.more", of.symptoms.length - 3)}</li>}
        </ul>
        {of.holder && (
          <p class="soft">
            {t.rich("alert.holder", { holder: <bdi dir="ltr">{of.holder}</bdi> })}
          </p>
        )}
      </div>
      <div class="alert-when soft">
        <span>
          <Lasting of={of} />
        </span>
        {typeof of.silenced_until === "string" && !isOver(of) && <span title={formatMoment(of.silenced_until)}>{t.rich("alert.silenced", { at: <Time at={of.silenced_until} /> })}</span>}
        {of.examination && <a href={`/admin/doctor/${of.examination}`}>{t("alert.examination")}</a>}
      </div>
    </li>
  );
}
