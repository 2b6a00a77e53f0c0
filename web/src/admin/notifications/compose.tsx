// Writing a broadcast: what it says, to whom, when; with its reach and its look before anything is sent.
import { useMemo, useRef, useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatDate } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { me } from "../../lib/me";
import { wordsOf } from "../../lib/words";
import { Notice, type Tone } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { focusWrong, SelectField, TextArea, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { send as sendIcon, users } from "../../ui/icons";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

type Level = "info" | "success" | "warning" | "error";
const LEVELS: readonly Level[] = ["info", "success", "warning", "error"];
export const TONES: Record<Level, Tone> = { info: "note", success: "good", warning: "warn", error: "bad" };
const DAYS_30_MS = 30 * 86_400_000;

interface Draft {
  title: string;
  body: string;
  level: Level;
  category: string;
  link: string;
  role: string;
  verified: string;
  age: string;
  /** As the browser's field has it, in the time zone of the browser. */
  at: string;
  until: string;
}

const EMPTY: Draft = { title: "", body: "", level: "info", category: "message", link: "", role: "", verified: "", age: "", at: "", until: "" };
const FIELDS = ["title", "body", "category", "link", "publish_at", "expires_at"] as const;

function audienceOf({ role, verified, age }: Draft): Schema<"AudienceForm"> {
  const moment = new Date(Date.now() - DAYS_30_MS).toISOString();
  return {
    ...(role && { role: role as "user" | "admin" }),
    ...(verified && { verified: verified === "true" }),
    ...(age === "new" && { created_after: moment }),
    ...(age === "old" && { created_before: moment }),
  };
}

const moment = (local: string): string => new Date(local).toISOString();

function messageOf({ title, body, level, category, link, until }: Draft) {
  return { title, body, level, category, ...(link && { link }), ...(until && { expires_at: moment(until) }) };
}

/** What is sent under one key is sent once, however often the button is pressed. */
const newKey = (): string => `panel-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

function Select({ name, draft, values, set }: { name: "role" | "verified" | "age"; draft: Draft; values: readonly string[]; set(change: Partial<Draft>): void }) {
  const options = ["", ...values].map((value) => ({ value, label: t.maybe(`compose.${name}.${value || "any"}`, value) }));
  return <SelectField label={t(`compose.${name}`)} value={draft[name]} options={options} onValue={(value) => set({ [name]: value })} />;
}

function Reach({ reach }: { reach: Schema<"Reach"> | undefined }) {
  const says = reach === undefined ? t("compose.reach.counting") : reach.exact ? t.many("compose.reach", reach.users) : t("compose.reach.least", { n: reach.users });
  return (
    <p class="reach" role="status">
      <Icon d={users} />
      {says}
    </p>
  );
}

function Preview({ draft: { title, body, level, link } }: { draft: Draft }) {
  return (
    <Notice tone={TONES[level]}>
      <strong>
        <bdi dir="auto">{title || t("compose.preview.empty")}</bdi>
      </strong>
      {body && (
        <p class="lines" dir="auto">
          {body}
        </p>
      )}
      {link && <bdi dir="ltr">{link}</bdi>}
    </Notice>
  );
}

export function Compose({ onSent }: { onSent(): void }) {
  const [draft, setDraft] = useState(EMPTY);
  const [isAsking, setAsking] = useState(false);
  const [key, setKey] = useState(newKey);
  const frame = useRef<HTMLDivElement>(null);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const audience = useMemo(() => audienceOf(draft), [draft.role, draft.verified, draft.age]);
  const reach = useLoad(() => ask(api.POST("/api/admin/broadcasts/preview", { body: audience })), JSON.stringify(audience));
  const isLater = draft.at !== "";
  const send = async () => {
    const body = { ...messageOf(draft), audience, ...(isLater && { publish_at: moment(draft.at) }) };
    await ask(api.POST("/api/admin/notifications", { body, params: { header: { "Idempotency-Key": key } } }));
    toast(t(isLater ? "compose.scheduled" : "compose.sent"));
    setDraft(EMPTY);
    setKey(newKey());
    onSent();
  };
  // The same checks run at sending to oneself, so that what is wrong is known before everybody has it.
  const test = useAct(async () => {
    await ask(api.POST("/api/admin/notifications", { body: { ...messageOf(draft), user_id: me.get()?.user.id ?? "" } }));
    toast(t("compose.tested"));
  });
  const [isMissing, setMissing] = useState(false);
  const wrong = (name: string) => (name === "title" && isMissing && draft.title.trim() === "" ? t("problem.field.required") : wrongOf(test.problem, name));
  /** Whether there is anything to send; if not, it is said where it belongs. */
  const isThere = () => {
    setMissing(draft.title.trim() === "");
    if (draft.title.trim() === "") {
      focusWrong(frame.current);
    }
    return draft.title.trim() !== "";
  };
  const asks = isLater ? t("compose.ask.later", { at: formatDate(draft.at) }) : t.many("compose.ask", reach.data?.users ?? 0);
  return (
    <Card title={t("broadcasts.write")}>
      <div class="columns" ref={frame}>
        <Form act={{ ...test, run: async () => {
              setAsking(isThere());
              return false;
            } }} fields={FIELDS}>
          <TextField label={t("compose.subject")} maxLength={200} required value={draft.title} onValue={(title) => set({ title })} wrong={wrong("title")} />
          <TextArea label={t("compose.body")} maxLength={4000} rows={5} value={draft.body} onValue={(body) => set({ body })} wrong={wrong("body")} />
          <div class="pair">
            <SelectField label={t("compose.level")} value={draft.level} options={LEVELS.map((value) => ({ value, label: t(`level.${value}`) }))} onValue={(level) => set({ level: level as Level })} />
            <TextField label={t("compose.category")} dir="ltr" hint={t("compose.category.hint")} value={draft.category} onValue={(category) => set({ category })} wrong={wrong("category")} />
          </div>
          <TextField label={t("compose.link")} dir="ltr" hint={t("compose.link.hint")} value={draft.link} onValue={(link) => set({ link })} wrong={wrong("link")} />
          <fieldset class="stack">
            <legend class="label">{t("compose.who")}</legend>
            <div class="pair">
              <Select name="role" draft={draft} values={["user", "admin"]} set={set} />
              <Select name="verified" draft={draft} values={["true", "false"]} set={set} />
              <Select name="age" draft={draft} values={["new", "old"]} set={set} />
            </div>
          </fieldset>
          <div class="pair">
            <TextField label={t("compose.when")} type="datetime-local" dir="ltr" hint={t("compose.when.hint")} value={draft.at} onValue={(at) => set({ at })} wrong={wrong("publish_at")} />
            <TextField label={t("compose.expires")} type="datetime-local" dir="ltr" hint={t("compose.expires.hint")} value={draft.until} onValue={(until) => set({ until })} wrong={wrong("expires_at")} />
          </div>
          <div class="form-end">
            <Button type="submit" look="primary" icon={sendIcon}>
              {t(isLater ? "compose.schedule" : "compose.send")}
            </Button>
            <Button isBusy={test.isBusy} onClick={() => isThere() && void test.run()}>
              {t("compose.test")}
            </Button>
          </div>
        </Form>
        <div class="stack">
          <h3>{t("compose.preview")}</h3>
          <p class="soft small">{t("compose.preview.says")}</p>
          <Preview draft={draft} />
          <Reach reach={reach.data} />
        </div>
      </div>
      {isAsking && (
        <Confirm title={asks} label={t(isLater ? "compose.go.later" : "compose.go")} act={send} onClose={() => setAsking(false)}>
          <p>{t("compose.ask.says")}</p>
          <Preview draft={draft} />
        </Confirm>
      )}
    </Card>
  );
}
