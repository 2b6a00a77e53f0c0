// Changes a rule: its numbers stand in fields, and what it would have done in the last day is said before it counts.
import { useEffect, useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatDuration, formatMoment } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block } from "../../ui/block";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Choice, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { toast } from "../../ui/toast";
import { TYPED } from "../watch/figure";
import type { Rule } from "../watch/rules";
import { nameOfRule } from "./alert-row";
import type en from "./en";
import { RuleSentence } from "./rules";

const t = wordsOf<typeof en>();

/** Typing is over when nothing was typed for so long. */
const SETTLED_MS = 400;

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [JSON.stringify(value)]);
  return settled;
}

function Preview({ code, form }: { code: string; form: Schema<"RuleForm"> }) {
  const settled = useSettled(form);
  const loaded = useLoad(() => ask(api.POST("/api/admin/alerts/rules/{code}/preview", { params: { path: { code } }, body: settled })), JSON.stringify(settled));
  return (
    <section class="preview" aria-live="polite">
      <Block loaded={loaded} skeleton={<span class="bone w3" />}>
        {({ times, spans, from, until }) => (
          <>
            <p>
              <Badge tone={times === 0 ? "good" : "warn"}>{t.many("preview.times", times)}</Badge> <span class="soft small">{t("preview.last")}</span>
            </p>
            <Spans spans={spans} from={from} until={until} />
          </>
        )}
      </Block>
    </section>
  );
}

/** When it would have fired, on a line of 24 hours. */
function Spans({ spans, from, until }: { spans: readonly Schema<"RuleSpan">[]; from: string; until: string }) {
  const begin = new Date(from).getTime();
  const length = new Date(until).getTime() - begin || 1;
  const label = spans.map(({ fired_at, resolved_at }) => `${formatMoment(fired_at)} – ${resolved_at ? formatMoment(resolved_at) : "…"}`).join("; ");
  return (
    <svg class="split tall" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={label || t("preview.never")}>
      {spans.map(({ fired_at, resolved_at }) => {
        const at = (new Date(fired_at).getTime() - begin) / length;
        const end = ((resolved_at ? new Date(resolved_at).getTime() : begin + length) - begin) / length;
        return <rect key={fired_at} class="kind lock" x={at * 1000} y="0" width={Math.max(3, (end - at) * 1000)} height="10" />;
      })}
    </svg>
  );
}

interface Props {
  rule: Rule;
  onClose(): void;
  onDone(): void;
}

/** At most so many significant digits are worth typing. */
const digits = (value: number): string => String(Number(value.toPrecision(6)));

export function RuleDialog({ rule, onClose, onDone }: Props) {
  const typed = TYPED[rule.unit] ?? { unit: "", times: 1 };
  const [limit, setLimit] = useState(digits(rule.threshold * typed.times));
  const [pending, setPending] = useState(String(rule.pending_s));
  const [isOn, setOn] = useState(rule.enabled);
  const [object, setObject] = useState("");
  const threshold = Number(limit) / typed.times;
  const form: Schema<"RuleForm"> = { enabled: isOn, threshold, pending_s: Number(pending), ...(object && { object }) };
  const act = useAct(async () => {
    await ask(api.PUT("/api/admin/alerts/rules/{code}", { params: { path: { code: rule.code } }, body: form }));
    toast(t("rules.changed"));
  });
  const done = () => {
    onDone();
    onClose();
  };
  return (
    <Dialog title={nameOfRule(rule.code)} isWide onClose={onClose}>
      <Form act={act} fields={["threshold", "pending_s", "object"]} onDone={done}>
        <p dir="auto">
          <RuleSentence rule={rule} threshold={threshold} />
        </p>
        <div class="pair">
          <TextField type="number" step="any" min="0" dir="ltr" label={typed.unit === "" ? t("rules.limit") : t("rules.limit.in", { unit: typed.unit })} value={limit} onValue={setLimit} wrong={wrongOf(act.problem, "threshold")} />
          <TextField type="number" step="1" min="0" dir="ltr" label={t("rules.pending")} hint={t("rules.pending.hint")} value={pending} onValue={setPending} wrong={wrongOf(act.problem, "pending_s")} />
        </div>
        {rule.per !== "" && <TextField dir="ltr" label={t("rules.object")} hint={t(`rules.object.${rule.per}` as "rules.object.route")} value={object} onValue={setObject} wrong={wrongOf(act.problem, "object")} placeholder={rule.worst?.object ?? ""} />}
        <Choice isOn={isOn} onChoice={setOn}>
          {t("rules.on")}
        </Choice>
        <Preview code={rule.code} form={form} />
        <p class="soft small">{t("rules.default", { limit: digits(rule.threshold_default * typed.times), unit: typed.unit, pending: formatDuration(rule.pending_s * 1000) })}</p>
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("save")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
