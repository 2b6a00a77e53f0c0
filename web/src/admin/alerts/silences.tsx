// Silences: what is kept quiet, until when and why.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useAct } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { SelectField, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { bell } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import { nameOfCause } from "../watch/cause";
import { useRules } from "../watch/rules";
import { nameOfRule } from "./alert-row";
import type en from "./en";

const t = wordsOf<typeof en>();

type Silence = Schema<"Silence">;

const HOUR_S = 3_600;
const LENGTHS = [HOUR_S, 4 * HOUR_S, 24 * HOUR_S, 7 * 24 * HOUR_S] as const;

interface DialogProps {
  /** The cause that is silenced; else it is chosen. */
  cause?: string;
  onClose(): void;
  onDone(): void;
}

function SilenceDialog({ cause, onClose, onDone }: DialogProps) {
  const rules = useRules();
  const [matches, setMatches] = useState(cause ?? "*");
  const [length, setLength] = useState(String(HOUR_S));
  const [reason, setReason] = useState("");
  const act = useAct(async () => {
    await ask(api.POST("/api/admin/alerts/silences", { body: { matches, reason, for_s: Number(length) } }));
    toast(t("silences.done"));
  });
  const choices = [
    ...(cause === undefined ? [] : [{ value: cause, label: nameOfCause(cause) }]),
    { value: "*", label: t("silences.all") },
    ...(rules.data ?? []).map(({ code }) => ({ value: code, label: nameOfRule(code) })),
  ];
  const done = () => {
    onDone();
    onClose();
  };
  return (
    <Dialog title={t("silences.new")} onClose={onClose}>
      <Form act={act} fields={["matches", "reason", "for_s"]} onDone={done}>
        <p class="small soft">{t("silences.says")}</p>
        <SelectField label={t("silences.matches")} value={matches} onValue={setMatches} options={choices} wrong={wrongOf(act.problem, "matches")} />
        <SelectField label={t("silences.length")} value={length} onValue={setLength} options={LENGTHS.map((one) => ({ value: String(one), label: t(`silences.for.${one}` as "silences.for.3600") }))} wrong={wrongOf(act.problem, "for_s")} />
        <TextField label={t("silences.reason")} hint={t("silences.reason.hint")} value={reason} onValue={setReason} wrong={wrongOf(act.problem, "reason")} />
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("silences.new")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

export function SilenceButton({ cause, onDone }: { cause?: string; onDone(): void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button icon={bell} onClick={() => setOpen(true)}>
        {t("silences.open")}
      </Button>
      {isOpen && <SilenceDialog {...(cause !== undefined && { cause })} onClose={() => setOpen(false)} onDone={onDone} />}
    </>
  );
}

function nameOfMatch(matches: string): string {
  return matches === "*" ? t("silences.all") : t.maybe(`rule.${matches}`, nameOfCause(matches));
}

function Row({ of, loaded }: { of: Silence; loaded: Loaded<Silence[]> }) {
  const act = useAct(async () => {
    await ask(api.DELETE("/api/admin/alerts/silences/{id}", { params: { path: { id: of.id } } }));
    toast(t("silences.ended"));
    loaded.reload();
  });
  return (
    <li class="alert-row">
      <div class="silence">
        <strong dir="auto">{nameOfMatch(of.matches)}</strong>
        <p dir="auto">{of.reason}</p>
        {act.problem && <ProblemNotice problem={act.problem} />}
      </div>
      <div class="alert-when soft">
        <span>{t.rich("silences.until", { at: <Time at={of.ends_at} /> })}</span>
        <span>{t.rich("silences.since", { at: <Time at={of.created_at} /> })}</span>
        <Button isSmall isBusy={act.isBusy} onClick={() => void act.run()}>
          {t("silences.end")}
        </Button>
      </div>
    </li>
  );
}

export function Silences({ loaded }: { loaded: Loaded<Silence[]> }) {
  return (
    <Card title={t("silences.title")} says={t("silences.says")} isBare>
      <Block
        loaded={loaded}
        isEmpty={(all) => all.length === 0}
        empty={
          <Nothing icon={bell} title={t("silences.none")}>
            <p>{t("silences.none.says")}</p>
          </Nothing>
        }
      >
        {(all) => (
          <ul class="alert-list">
            {all.map((one) => (
              <Row key={one.id} of={one} loaded={loaded} />
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}
