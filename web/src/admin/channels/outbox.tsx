// The outbox: mails that wait, and for a while those that left, failed or were captured.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatNumber } from "../../lib/format";
import { useAct, useLoad, usePages } from "../../lib/load";
import { setQuery, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, Notice, type Tone } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { TextField, wrongOf } from "../../ui/field";
import { clearQuery, Filters, PickFilter } from "../../ui/filters";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { mail as mailIcon, more, send } from "../../ui/icons";
import { Menu } from "../../ui/popover";
import { ProblemNotice } from "../../ui/problem";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

export type Mail = Schema<"Mail">;
type State = Mail["state"];
const STATES: readonly State[] = ["queued", "sending", "sent", "failed", "captured", "cancelled"];
const TONES: Record<State, Tone> = { queued: "note", sending: "note", sent: "good", failed: "bad", captured: "warn", cancelled: "" };

export function MailState({ state }: { state: State }) {
  return <Badge tone={TONES[state]}>{t(`mail.state.${state}`)}</Badge>;
}

const path = (id: string) => ({ params: { path: { id } } });

/** What can be done with a mail in its state. */
function Acts({ mail, onRead, onDone, onProblem }: { mail: Mail; onRead(): void; onDone(): void; onProblem(act: () => Promise<unknown>): void }) {
  const { id, state, to } = mail;
  const doing = (says: string, act: () => Promise<unknown>) => () =>
    onProblem(async () => {
      await act();
      toast(says);
      onDone();
    });
  const isOver = state === "failed" || state === "captured" || state === "cancelled";
  const items = [
    { label: t("mail.read"), act: onRead },
    ...(isOver ? [{ label: t("mail.resend"), act: doing(t("mail.resent"), () => ask(api.POST("/api/admin/mail/{id}/resend", path(id)))) }] : []),
    ...(state === "queued" ? [{ label: t("mail.cancel"), isDanger: true, act: doing(t("mail.cancelled"), () => ask(api.DELETE("/api/admin/mail/{id}", path(id)))) }] : []),
  ];
  return <Menu isSmall icon={more} label={t("mail.acts", { to })} items={items} />;
}

export function mailColumns(acts?: Column<Mail>): Column<Mail>[] {
  const columns: Column<Mail>[] = [
    {
      name: "to",
      label: t("mail.to"),
      cell: ({ to, code, language }) => (
        <div class="what">
          <bdi dir="ltr">{to}</bdi>
          <bdi dir="ltr" class="soft">
            {code} · {language}
          </bdi>
        </div>
      ),
    },
    { name: "state", label: t("mail.state"), cell: ({ state }) => <MailState state={state} /> },
    { name: "at", label: t("mail.at"), cell: ({ created_at }) => <Time at={created_at} /> },
    { name: "next", label: t("mail.next"), cell: ({ next_at }) => (next_at ? <Time at={next_at} /> : "–") },
    { name: "attempts", label: t("mail.attempts"), isNumber: true, cell: ({ attempts }) => formatNumber(attempts) },
    { name: "says", label: t("mail.says"), cell: ({ says }) => (says ? <bdi>{says}</bdi> : "–") },
  ];
  return acts ? [...columns, acts] : columns;
}

function Letter({ id, onClose }: { id: string; onClose(): void }) {
  const loaded = useLoad(() => freshly(() => ask(api.GET("/api/admin/mail/{id}", path(id)))), id);
  return (
    <Dialog title={loaded.data?.subject ?? t("mail.what")} isWide onClose={onClose}>
      <Block loaded={loaded}>
        {({ mail, text, error }) => (
          <div class="stack">
            <p class="row small">
              <MailState state={mail.state} />
              <bdi dir="ltr">{mail.to}</bdi>
            </p>
            {text ? (
              <pre class="pre" dir="auto" tabIndex={0}>
                {text}
              </pre>
            ) : (
              <Notice tone="warn">{error ?? t("mail.unread")}</Notice>
            )}
          </div>
        )}
      </Block>
      <div class="form-end">
        <Button onClick={onClose}>{t("close")}</Button>
      </div>
    </Dialog>
  );
}

function Test({ onClose, onDone }: { onClose(): void; onDone(): void }) {
  const [email, setEmail] = useState("");
  const act = useAct(() => ask(api.POST("/api/admin/mail/test", { body: { email } })));
  const done = () => {
    toast(t("mail.tested"));
    onClose();
    onDone();
  };
  return (
    <Dialog title={t("mail.test")} onClose={onClose}>
      <Form act={act} fields={["email"]} onDone={done}>
        <TextField label={t("mail.test.to")} type="email" dir="ltr" value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} />
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("mail.test")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

export function Outbox() {
  const state = useQuery("state") as State | "";
  const open = useQuery("open");
  const pages = usePages((after) => ask(api.GET("/api/admin/mail", { params: { query: { ...(state && { state }), after, limit: 50 } } })), state);
  const doing = useAct((act: () => Promise<unknown>) => act());
  const carried = (pages.data as Schema<"MailPage"> | undefined)?.carried;
  const acts: Column<Mail> = {
    name: "acts",
    label: "",
    cell: (mail) => <Acts mail={mail} onRead={() => setQuery({ open: mail.id }, false)} onDone={pages.reload} onProblem={(act) => void doing.run(act)} />,
  };
  const empty = (
    <Nothing icon={mailIcon} title={t("mail.none")}>
      <p>{t("mail.none.says")}</p>
    </Nothing>
  );
  const close = () => setQuery({ open: undefined });
  return (
    <div class="stack">
      {carried !== undefined && <Notice tone={carried ? "good" : "warn"}>{t(carried ? "mail.open" : "mail.captured")}</Notice>}
      {doing.problem && <ProblemNotice problem={doing.problem} onOver={doing.clear} />}
      <div class="row apart">
        <Filters>
          <PickFilter name="state" label={t("mail.state")} options={[{ value: "", label: t("mail.state.any") }, ...STATES.map((value) => ({ value, label: t(`mail.state.${value}`) }))]} />
        </Filters>
        <Button icon={send} onClick={() => setQuery({ open: "test" }, false)}>
          {t("mail.test")}
        </Button>
      </div>
      <div class="card">
        <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={empty} isFiltered={state !== ""} onClear={() => clearQuery(["state"])}>
          {({ items }) => (
            <>
              <Table label={t("out.tab.mail")} columns={mailColumns(acts)} rows={items} keyOf={({ id }) => id} />
              <More pages={pages} />
            </>
          )}
        </Block>
      </div>
      {open === "test" && <Test onClose={close} onDone={pages.reload} />}
      {open !== "" && open !== "test" && <Letter id={open} onClose={close} />}
    </div>
  );
}
