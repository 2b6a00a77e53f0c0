// The rules: each a sentence with its numbers, where it stands, how well it can judge, and its worst value now.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { formatDuration, formatPercent } from "../../lib/format";
import { type Loaded, useAct } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { sliders } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { toast } from "../../ui/toast";
import { formatFigure } from "../watch/figure";
import { type Rule, useRules } from "../watch/rules";
import { nameOfRule } from "./alert-row";
import type en from "./en";
import { RuleDialog } from "./rule-dialog";

const t = wordsOf<typeof en>();

const STATES: Record<Rule["state"], Tone> = { normal: "good", pending: "warn", firing: "bad", recovering: "note" };
const HEALTHS: Record<Rule["health"], Tone> = { ok: "", no_data: "", error: "bad" };

/** The sentence of a rule, its numbers set apart. */
export function RuleSentence({ rule, threshold = rule.threshold }: { rule: Rule; threshold?: number }) {
  const values = {
    limit: <strong>{formatFigure(threshold, rule.unit)}</strong>,
    window: formatDuration(rule.window_s * 1000),
    share: formatPercent(0.95, 0),
  };
  return <>{t.rich(`says.${rule.code}` as "says.response_slow", values)}</>;
}

function Now({ rule }: { rule: Rule }) {
  if (!rule.worst) {
    return <span class="soft">{t("rules.no_value")}</span>;
  }
  const { object, value } = rule.worst;
  return (
    <>
      <strong>{formatFigure(value, rule.unit)}</strong>{" "}
      {object && (
        <bdi dir="ltr" class="soft">
          {object}
        </bdi>
      )}
    </>
  );
}

function Reset({ rule, object, onDone }: { rule: Rule; object?: string; onDone(): void }) {
  const act = useAct(async () => {
    await ask(api.DELETE("/api/admin/alerts/rules/{code}", { params: { path: { code: rule.code }, query: object === undefined ? {} : { object } } }));
    toast(t("rules.reset.done"));
    onDone();
  });
  return (
    <>
      <Button look="quiet" isSmall isBusy={act.isBusy} onClick={() => void act.run()}>
        {t("rules.reset")}
      </Button>
      {act.problem && <ProblemNotice problem={act.problem} />}
    </>
  );
}

function Row({ rule, onDone }: { rule: Rule; onDone(): void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li class={rule.enabled ? "rule" : "rule off"}>
      <div class="rule-words">
        <h3>{nameOfRule(rule.code)}</h3>
        <p dir="auto">
          <RuleSentence rule={rule} />
        </p>
        <p class="soft small">
          {t("rules.times", { pending: rule.pending_s === 0 ? t("rules.at_once") : t("rules.after", { time: formatDuration(rule.pending_s * 1000) }), keep: formatDuration(rule.keep_s * 1000), clears: formatFigure(rule.clears_at, rule.unit) })}
        </p>
        {rule.overrides.length > 0 && (
          <ul class="overrides">
            {rule.overrides.map((one) => (
              <li key={one.object}>
                <bdi dir="ltr">{one.object}</bdi>
                <span class="soft">{one.enabled ? formatFigure(one.threshold ?? rule.threshold, rule.unit) : t("rules.off")}</span>
                <Reset rule={rule} object={one.object} onDone={onDone} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <div class="rule-state">
        {rule.enabled ? <Badge tone={STATES[rule.state]}>{t(`state.${rule.state}`)}</Badge> : <Badge>{t("rules.off")}</Badge>}
        <Badge tone={HEALTHS[rule.health]}>{t(`rule_health.${rule.health}`)}</Badge>
      </div>
      <div class="rule-now">
        <span class="soft small">{t("rules.now")}</span>
        <span>
          <Now rule={rule} />
        </span>
      </div>
      <div class="rule-acts">
        {rule.changed && <Reset rule={rule} onDone={onDone} />}
        <Button isSmall icon={sliders} aria-label={t("rules.change.of", { rule: nameOfRule(rule.code) })} onClick={() => setOpen(true)}>
          {t("rules.change")}
        </Button>
      </div>
      {isOpen && <RuleDialog rule={rule} onClose={() => setOpen(false)} onDone={onDone} />}
    </li>
  );
}

export function Rules() {
  const rules: Loaded<Rule[]> = useRules();
  return (
    <Card title={t("rules.title")} says={t("rules.says")} isBare>
      <Block loaded={rules}>
        {(all) => (
          <ul class="rules">
            {all.map((rule) => (
              <Row key={rule.code} rule={rule} onDone={rules.reload} />
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}
