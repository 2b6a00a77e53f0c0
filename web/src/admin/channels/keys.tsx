// API keys: what applications show to publish, what each allows, and until when.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { useAct, useLoad } from "../../lib/load";
import { setQuery, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Copy } from "../../ui/copy";
import { Confirm, Dialog } from "../../ui/dialog";
import { Choice, SelectField, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { key as keyIcon, plus } from "../../ui/icons";
import { type Column, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import type en from "./en";
import { Secret } from "./webhooks";

const t = wordsOf<typeof en>();

type Key = Schema<"ApiKey">;
type Made = Schema<"MadeApiKey">;
const SCOPES = ["notify:send", "notify:broadcast"] as const;
const LASTS = ["90", "30", "365", "never"] as const;
const DAY_MS = 86_400_000;

const isOver = ({ expires_at }: Key): boolean => Boolean(expires_at && new Date(expires_at) < new Date());

function State({ of }: { of: Key }) {
  if (of.revoked_at) {
    return <Badge tone="bad">{t("keys.revoked")}</Badge>;
  }
  return isOver(of) ? <Badge>{t("keys.over")}</Badge> : <Badge tone="good">{t("keys.works")}</Badge>;
}

function Add({ onClose, onDone }: { onClose(): void; onDone(made: Made): void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>([SCOPES[0]]);
  const [lasts, setLasts] = useState<string>(LASTS[0]);
  const act = useAct(async () => {
    const expires = lasts === "never" ? {} : { expires_at: new Date(Date.now() + Number(lasts) * DAY_MS).toISOString() };
    onDone(await freshly(() => ask(api.POST("/api/admin/keys", { body: { name, scopes: [...scopes], ...expires } }))));
  });
  const toggle = (scope: string, isOn: boolean) => setScopes(isOn ? [...scopes, scope] : scopes.filter((one) => one !== scope));
  return (
    <Dialog title={t("keys.add")} onClose={onClose}>
      <Form act={act} fields={["name", "scopes"]}>
        <TextField label={t("keys.name")} hint={t("keys.name.hint")} maxLength={100} value={name} onValue={setName} wrong={wrongOf(act.problem, "name")} />
        <fieldset class="stack">
          <legend class="label">{t("keys.scopes")}</legend>
          {SCOPES.map((scope) => (
            <Choice key={scope} isOn={scopes.includes(scope)} onChoice={(isOn) => toggle(scope, isOn)}>
              {t(`keys.scope.${scope}`)}
            </Choice>
          ))}
        </fieldset>
        <SelectField label={t("keys.expires")} value={lasts} options={LASTS.map((value) => ({ value, label: t(`keys.expires.${value}`) }))} onValue={setLasts} />
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy} disabled={scopes.length === 0}>
            {t("keys.add")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

function columns(onRevoke: (one: Key) => void): Column<Key>[] {
  const maybe = (at: string | null | undefined) => (at ? <Time at={at} /> : <span class="soft">{t("keys.never")}</span>);
  return [
    {
      name: "name",
      label: t("keys.name"),
      cell: ({ name, scopes }) => (
        <div class="what">
          <bdi dir="auto">{name}</bdi>
          <bdi dir="ltr" class="soft">
            {scopes.join(", ")}
          </bdi>
        </div>
      ),
    },
    { name: "state", label: t("keys.state"), cell: (one) => <State of={one} /> },
    { name: "created", label: t("keys.created"), cell: ({ created_at }) => <Time at={created_at} /> },
    { name: "used", label: t("keys.used"), cell: ({ last_used_at }) => maybe(last_used_at) },
    { name: "expires", label: t("keys.expires"), cell: ({ expires_at }) => maybe(expires_at) },
    {
      name: "acts",
      label: "",
      cell: (one) =>
        one.revoked_at || isOver(one) ? null : (
          <Button isSmall look="danger" onClick={() => onRevoke(one)}>
            {t("keys.revoke")}
          </Button>
        ),
    },
  ];
}

export function Keys() {
  const loaded = useLoad(() => ask(api.GET("/api/admin/keys")));
  const isAdding = useQuery("open") === "key";
  const [asking, setAsking] = useState<Key>();
  const [made, setMade] = useState<Made>();
  const show = (one: Made) => {
    setMade(one);
    setQuery({ open: undefined });
    loaded.reload();
  };
  const revoke = async ({ id }: Key) => {
    await ask(api.DELETE("/api/admin/keys/{id}", { params: { path: { id } } }));
    loaded.reload();
  };
  const add = (
    <Button icon={plus} isSmall onClick={() => setQuery({ open: "key" }, false)}>
      {t("keys.add")}
    </Button>
  );
  const empty = (
    <Nothing icon={keyIcon} title={t("keys.none")}>
      <p>{t("keys.none.says")}</p>
    </Nothing>
  );
  const curl = (token: string) => `curl -H 'Authorization: Bearer ${token}' -d 'It works' ${location.origin}/api/notify/name@example.org`;
  return (
    <Card title={t("out.tab.keys")} says={t("keys.says")} action={add} isBare>
      <Block loaded={loaded} isEmpty={({ items }) => items.length === 0} empty={empty}>
        {({ items }) => <Table label={t("out.tab.keys")} columns={columns(setAsking)} rows={items} keyOf={({ id }) => id} />}
      </Block>
      {isAdding && <Add onClose={() => setQuery({ open: undefined })} onDone={show} />}
      {made && (
        <Secret title={t("keys.made", { name: made.key.name })} says={t("keys.made.says")} text={made.token} onClose={() => setMade(undefined)}>
          <h3>{t("keys.try")}</h3>
          <Copy text={curl(made.token)} />
        </Secret>
      )}
      {asking && (
        <Confirm title={t("keys.revoke.ask", { name: asking.name })} label={t("keys.revoke")} isDanger act={() => revoke(asking)} onClose={() => setAsking(undefined)}>
          <p>{t("keys.revoke.says")}</p>
        </Confirm>
      )}
    </Card>
  );
}
