// One account: what it is, where it is signed in, what happened to it, and what cannot be undone.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useAct, useLoad } from "../../lib/load";
import { me } from "../../lib/me";
import type { Params } from "../../lib/screens";
import { useQuery } from "../../lib/router";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Badge, Notice } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button, ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { Icon } from "../../ui/icon";
import { back, search } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen, useTitle } from "../../ui/screen";
import { Tabs } from "../../ui/tabs";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import { Trail } from "../audit/trail";
import type said from "../said/en";
import { SessionsOf } from "../sessions/list";
import { Danger } from "./danger";
import type en from "./en";
import { StatusBadge, type User } from "./screen";

const t = wordsOf<typeof en & typeof said>();

const TABS = ["overview", "sessions", "activity", "danger"] as const;

function When({ at, otherwise }: { at: string | null | undefined; otherwise: string }) {
  return at ? <Time at={at} /> : <span class="soft">{otherwise}</span>;
}

function Rename({ user, onClose, onDone }: { user: User; onClose(): void; onDone(user: User): void }) {
  const [name, setName] = useState(user.name);
  const act = useAct(async () => onDone(await freshly(() => ask(api.PATCH("/api/admin/users/{id}", { params: { path: { id: user.id } }, body: { name } })))));
  const done = () => {
    toast(t("user.renamed"));
    onClose();
  };
  return (
    <Dialog title={t("user.rename")} onClose={onClose}>
      <Form act={act} fields={["name"]} onDone={done}>
        <TextField label={t("users.name")} maxLength={100} autocomplete="off" value={name} onValue={setName} wrong={wrongOf(act.problem, "name")} />
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

function Facts({ user, onChange }: { user: User; onChange(user: User): void }) {
  const [isRenaming, setRenaming] = useState(false);
  const { language, time_zone: zone } = user.preferences;
  const action = (
    <Button isSmall onClick={() => setRenaming(true)}>
      {t("user.rename")}
    </Button>
  );
  return (
    <Card title={t("user.facts")} action={action}>
      <dl class="facts small">
        <dt>{t("users.name")}</dt>
        <dd>
          <bdi dir="auto">{user.name || "–"}</bdi>
        </dd>
        <dt>{t("users.email")}</dt>
        <dd>
          <bdi dir="ltr">{user.email}</bdi>
        </dd>
        <dt>{t("user.verified")}</dt>
        <dd>
          <When at={user.email_verified_at} otherwise={t("user.verified.not")} />
        </dd>
        <dt>{t("user.last")}</dt>
        <dd>
          <When at={user.last_login_at} otherwise={t("users.never")} />
        </dd>
        <dt>{t("user.created")}</dt>
        <dd>
          <Time at={user.created_at} />
        </dd>
        <dt>{t("user.updated")}</dt>
        <dd>
          <Time at={user.updated_at} />
        </dd>
        <dt>{t("user.language")}</dt>
        <dd>{language ? new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(language) : <span class="soft">{t("user.unsaid")}</span>}</dd>
        <dt>{t("user.zone")}</dt>
        <dd>{zone ? <bdi dir="ltr">{zone}</bdi> : <span class="soft">{t("user.unsaid")}</span>}</dd>
        <dt>{t("user.id")}</dt>
        <dd>
          <bdi dir="ltr">
            <code>{user.id}</code>
          </bdi>
        </dd>
      </dl>
      {isRenaming && <Rename user={user} onClose={() => setRenaming(false)} onDone={onChange} />}
    </Card>
  );
}

/** A line that sends a mail, and turns into what was done. */
function Send({ label, done, act: send }: { label: string; done: string; act(): Promise<unknown> }) {
  const [isDone, setDone] = useState(false);
  const act = useAct(send);
  if (isDone) {
    return <Notice tone="good">{done}</Notice>;
  }
  return (
    <>
      <div class="row apart">
        <span>{label}</span>
        <Button isSmall isBusy={act.isBusy} onClick={async () => setDone(await act.run())} aria-label={`${t("user.send")}: ${label}`}>
          {t("user.send")}
        </Button>
      </div>
      {act.problem && <ProblemNotice problem={act.problem} onOver={act.clear} />}
    </>
  );
}

function Mails({ user: { email, email_verified_at: verified } }: { user: User }) {
  return (
    <Card title={t("user.mails")} says={t("user.mails.says")}>
      <div class="stack small">
        <Send label={t("user.reset")} done={t("user.reset.done", { email })} act={() => ask(api.POST("/api/auth/forgot", { body: { email } }))} />
        {!verified && <Send label={t("user.verify")} done={t("user.verify.done", { email })} act={() => ask(api.POST("/api/auth/resend-verification", { body: { email } }))} />}
      </div>
    </Card>
  );
}

function Activity({ id }: { id: string }) {
  const whose = useQuery("whose") === "by" ? "by" : "about";
  const to = (value: string) => `/admin/users/${id}?tab=activity${value === "by" ? "&whose=by" : ""}`;
  const tabs = (["about", "by"] as const).map((value) => ({ to: to(value), label: t(`user.${value}`), isCurrent: value === whose }));
  return (
    <Card title={t("user.tab.activity")} isBare>
      <div class="inside-tabs">
        <Tabs label={t("user.tab.activity")} tabs={tabs} />
      </div>
      <Trail key={whose} query={whose === "by" ? { actor: id } : { subject: id }} none={t("user.activity.none")} />
    </Card>
  );
}

function Shown({ user, loaded }: { user: User; loaded: Loaded<User> }) {
  const tab = useQuery("tab") || "overview";
  const isSelf = useStore(me)?.user.id === user.id;
  const onChange = (next: User) => loaded.put(() => next);
  const to = (name: string) => `/admin/users/${user.id}${name === "overview" ? "" : `?tab=${name}`}`;
  const says = (
    <span class="row">
      <bdi dir="ltr">{user.email}</bdi>
      <StatusBadge user={user} />
      {user.role === "admin" && <Badge tone="note">{t("role.admin")}</Badge>}
    </span>
  );
  return (
    <Screen title={user.name || user.email} says={says}>
      <Tabs label={user.email} tabs={TABS.map((name) => ({ to: to(name), label: t(`user.tab.${name}`), isCurrent: name === tab }))} />
      {tab === "overview" && (
        <div class="columns">
          <Facts user={user} onChange={onChange} />
          <div class="stack">
            <Mails user={user} />
            <Card title={t("user.recent")} isBare>
              <Trail query={{ subject: user.id }} none={t("user.activity.none")} most={6} />
            </Card>
          </div>
        </div>
      )}
      {tab === "sessions" && <SessionsOf user={user} />}
      {tab === "activity" && <Activity id={user.id} />}
      {tab === "danger" && <Danger user={user} isSelf={isSelf} onChange={onChange} />}
    </Screen>
  );
}

function Gone({ id }: { id: string }) {
  useTitle(t("user.none"));
  return (
    <Nothing icon={search} title={<h1>{t("user.none")}</h1>}>
      <p>{t("user.none.says")}</p>
      <ButtonLink to={`/admin/audit?subject=${id}`}>{t("user.trail")}</ButtonLink>
    </Nothing>
  );
}

export default function UserScreen({ params }: { params: Params }) {
  const id = params["id"] ?? "";
  const loaded = useLoad<Schema<"User">>(() => ask(api.GET("/api/admin/users/{id}", { params: { path: { id } } })), id);
  return (
    <>
      <a class="up small" href="/admin/users">
        <Icon d={back} turns />
        {t("user.back")}
      </a>
      {loaded.problem?.status === 404 ? <Gone id={id} /> : <Block loaded={loaded}>{(user) => <Shown user={user} loaded={loaded} />}</Block>}
    </>
  );
}
