// Webhooks: whom alerts are told by signed requests, and what became of each.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { useAct, useLoad, usePages } from "../../lib/load";
import { setQuery, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Copy } from "../../ui/copy";
import { Confirm, Dialog } from "../../ui/dialog";
import { TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { link, more, plus } from "../../ui/icons";
import { Menu } from "../../ui/popover";
import { ProblemNotice } from "../../ui/problem";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import type en from "./en";
import { mailColumns } from "./outbox";

const t = wordsOf<typeof en>();

type Webhook = Schema<"Webhook">;
type WithSecret = Schema<"WebhookWithSecret">;
const TONES: Record<Webhook["state"], Tone> = { active: "good", paused: "warn", gone: "bad" };
const nameOf = ({ label, url }: Webhook): string => label || url;
const path = (id: string) => ({ params: { path: { id } } });

export function Secret({ title, says, text, children, onClose }: { title: string; says: string; text: string; children?: preact.ComponentChildren; onClose(): void }) {
  return (
    <Dialog title={title} isWide onClose={onClose}>
      <p class="small">{says}</p>
      <Copy text={text} />
      {children}
      <div class="form-end">
        <Button look="primary" onClick={onClose}>
          {t("out.done")}
        </Button>
      </div>
    </Dialog>
  );
}

function Add({ onClose, onDone }: { onClose(): void; onDone(made: WithSecret): void }) {
  const [url, setUrl] = useState("");
  const [label, setLabel] = useState("");
  const act = useAct(async () => onDone(await freshly(() => ask(api.POST("/api/admin/webhooks", { body: { url, label } })))));
  return (
    <Dialog title={t("webhooks.add")} onClose={onClose}>
      <Form act={act} fields={["url", "label"]}>
        <TextField label={t("webhooks.url")} type="url" dir="ltr" hint={t("webhooks.url.hint")} value={url} onValue={setUrl} wrong={wrongOf(act.problem, "url")} />
        <TextField label={t("webhooks.label")} maxLength={100} value={label} onValue={setLabel} wrong={wrongOf(act.problem, "label")} />
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("webhooks.add")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

function Deliveries({ webhook, onClose }: { webhook: Webhook; onClose(): void }) {
  const pages = usePages((after) => ask(api.GET("/api/admin/webhooks/{id}/deliveries", { params: { path: { id: webhook.id }, query: { after, limit: 20 } } })), webhook.id);
  return (
    <Dialog title={t("webhooks.deliveries.of", { label: nameOf(webhook) })} isWide onClose={onClose}>
      <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={<Nothing icon={link} title={t("webhooks.deliveries.none")} />}>
        {({ items }) => (
          <>
            <Table label={t("webhooks.deliveries")} columns={mailColumns()} rows={items} keyOf={({ id }) => id} />
            <More pages={pages} />
          </>
        )}
      </Block>
      <div class="form-end">
        <Button onClick={onClose}>{t("close")}</Button>
      </div>
    </Dialog>
  );
}

type Asking = { what: "rotate" | "remove" | "deliveries"; webhook: Webhook };

function columns(onAsk: (asking: Asking) => void, run: (act: () => Promise<unknown>) => void): Column<Webhook>[] {
  const change = ({ id, state }: Webhook) => ask(api.PATCH("/api/admin/webhooks/{id}", { ...path(id), body: { active: state !== "active" } }));
  const test = async ({ id }: Webhook) => {
    await ask(api.POST("/api/admin/webhooks/{id}/test", path(id)));
    toast(t("webhooks.tested"));
  };
  const acts = (webhook: Webhook) => [
    { label: t("webhooks.deliveries"), act: () => onAsk({ what: "deliveries", webhook }) },
    ...(webhook.state === "active" ? [{ label: t("webhooks.test"), act: () => run(() => test(webhook)) }] : []),
    { label: t(webhook.state === "active" ? "webhooks.pause" : "webhooks.resume"), act: () => run(() => change(webhook)) },
    { label: t("webhooks.rotate"), act: () => onAsk({ what: "rotate", webhook }) },
    null,
    { label: t("webhooks.remove"), isDanger: true, act: () => onAsk({ what: "remove", webhook }) },
  ];
  return [
    {
      name: "label",
      label: t("webhooks.label"),
      cell: ({ label, url }) => (
        <div class="what">
          <bdi dir="auto">{label || "–"}</bdi>
          <bdi dir="ltr" class="soft">
            {url}
          </bdi>
        </div>
      ),
    },
    { name: "state", label: t("webhooks.state"), cell: ({ state }) => <Badge tone={TONES[state]}>{t(`webhooks.state.${state}`)}</Badge> },
    { name: "created", label: t("webhooks.created"), cell: ({ created_at }) => <Time at={created_at} /> },
    { name: "acts", label: "", cell: (webhook) => <Menu isSmall icon={more} label={t("webhooks.acts", { label: nameOf(webhook) })} items={acts(webhook)} /> },
  ];
}

export function Webhooks() {
  const loaded = useLoad(() => ask(api.GET("/api/admin/webhooks")));
  const isAdding = useQuery("open") === "webhook";
  const [asking, setAsking] = useState<Asking>();
  const [made, setMade] = useState<WithSecret>();
  const doing = useAct(async (act: () => Promise<unknown>) => {
    await act();
    loaded.reload();
  });
  const close = () => setAsking(undefined);
  const show = (secret: WithSecret) => {
    setMade(secret);
    setQuery({ open: undefined });
    loaded.reload();
  };
  const rotate = async ({ id }: Webhook) => show(await freshly(() => ask(api.POST("/api/admin/webhooks/{id}/rotate", path(id)))));
  const remove = async ({ id }: Webhook) => {
    await ask(api.DELETE("/api/admin/webhooks/{id}", path(id)));
    toast(t("webhooks.removed"));
    loaded.reload();
  };
  const add = (
    <Button icon={plus} isSmall onClick={() => setQuery({ open: "webhook" }, false)}>
      {t("webhooks.add")}
    </Button>
  );
  const empty = (
    <Nothing icon={link} title={t("webhooks.none")}>
      <p>{t("webhooks.none.says")}</p>
    </Nothing>
  );
  return (
    <Card title={t("out.tab.webhooks")} says={t("webhooks.says")} action={add} isBare>
      {doing.problem && <ProblemNotice problem={doing.problem} onOver={doing.clear} />}
      <Block loaded={loaded} isEmpty={({ items }) => items.length === 0} empty={empty}>
        {({ items }) => <Table label={t("out.tab.webhooks")} columns={columns(setAsking, (act) => void doing.run(act))} rows={items} keyOf={({ id }) => id} />}
      </Block>
      {isAdding && <Add onClose={() => setQuery({ open: undefined })} onDone={show} />}
      {made && <Secret title={t("webhooks.secret", { label: nameOf(made.webhook) })} says={t("webhooks.secret.says")} text={made.secret} onClose={() => setMade(undefined)} />}
      {asking?.what === "deliveries" && <Deliveries webhook={asking.webhook} onClose={close} />}
      {asking?.what === "rotate" && (
        <Confirm title={t("webhooks.rotate.ask", { label: nameOf(asking.webhook) })} label={t("webhooks.rotate")} act={() => rotate(asking.webhook)} onClose={close}>
          <p>{t("webhooks.rotate.says")}</p>
        </Confirm>
      )}
      {asking?.what === "remove" && (
        <Confirm title={t("webhooks.remove.ask", { label: nameOf(asking.webhook) })} label={t("webhooks.remove")} isDanger act={() => remove(asking.webhook)} onClose={close}>
          <p>{t("webhooks.remove.says")}</p>
        </Confirm>
      )}
    </Card>
  );
}
