// The profile: what one is called, and the address, which changes only when the new one was confirmed.
import { useEffect, useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { useAct, useLoad } from "../../lib/load";
import { type Me, me, putMe } from "../../lib/me";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Badge, Notice } from "../../ui/badge";
import { Block, Bones } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

function NameCard({ who }: { who: Me }) {
  const [name, setName] = useState(who.user.name);
  const act = useAct(async () => putMe({ user: await ask(api.PATCH("/api/me", { body: { name } })) }));
  useEffect(() => setName(who.user.name), [who.user.name]);
  return (
    <Card title={t("profile.name")} says={t("profile.name.says")}>
      <Form act={act} fields={["name"]} onDone={() => toast(t("saved"))}>
        <div class="narrow">
          <TextField label={t("profile.name")} autocomplete="name" maxLength={100} value={name} onValue={setName} wrong={wrongOf(act.problem, "name")} />
        </div>
        <div class="form-end">
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("save")}
          </Button>
        </div>
      </Form>
    </Card>
  );
}

function AddressForm({ onAsked }: { onAsked(): void }) {
  const [email, setEmail] = useState("");
  const act = useAct(() => freshly(() => ask(api.POST("/api/me/email", { body: { email } }))));
  const done = () => {
    setEmail("");
    onAsked();
  };
  return (
    <Form act={act} fields={["email"]} onDone={done}>
      <div class="narrow">
        <TextField label={t("address.new")} hint={t("address.new.hint")} type="email" dir="ltr" autocomplete="email" spellcheck={false} value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} />
      </div>
      <div class="form-end">
        <Button type="submit" isBusy={act.isBusy}>
          {t("address.ask")}
        </Button>
      </div>
    </Form>
  );
}

/** Sends the mail that proves the address once more. */
function Unproven({ email }: { email: string }) {
  const act = useAct(() => ask(api.POST("/api/auth/resend-verification", { body: { email } })));
  const send = async () => {
    if (await act.run()) {
      toast(t("address.resent"));
    }
  };
  return (
    <>
      <Notice tone="warn">
        <span>{t("address.unverified")}</span>
        <Button isSmall isBusy={act.isBusy} onClick={() => void send()}>
          {t("address.resend")}
        </Button>
      </Notice>
      {act.problem && <ProblemNotice problem={act.problem} onOver={act.clear} />}
    </>
  );
}

function AddressCard() {
  const loaded = useLoad(() => ask(api.GET("/api/me/email")));
  const cancel = useAct(async () => {
    await ask(api.DELETE("/api/me/email"));
    loaded.reload();
  });
  return (
    <Card title={t("address")} says={t("address.says")}>
      <Block loaded={loaded} skeleton={<Bones rows={3} />}>
        {({ email, verified_at, pending }) => (
          <div class="stack">
            <p class="row">
              <bdi dir="ltr">{email}</bdi>
              {verified_at ? <Badge tone="good">{t("address.verified")}</Badge> : <Badge tone="warn">{t("address.not_verified")}</Badge>}
            </p>
            {!verified_at && <Unproven email={email} />}
            {cancel.problem && <ProblemNotice problem={cancel.problem} />}
            {pending ? (
              <Notice>
                <span>{t.rich("address.pending", { email: <bdi dir="ltr"><strong>{pending.email}</strong></bdi>, until: <Time at={pending.expires_at} /> })}</span>
                <Button isSmall isBusy={cancel.isBusy} onClick={() => void cancel.run()}>
                  {t("address.cancel")}
                </Button>
              </Notice>
            ) : (
              <AddressForm onAsked={loaded.reload} />
            )}
          </div>
        )}
      </Block>
    </Card>
  );
}

export default function Profile() {
  const who = useStore(me);
  return (
    <Screen title={t("profile.title")}>
      <div class="settings">
        {who ? <NameCard who={who} /> : <Bones />}
        <AddressCard />
      </div>
    </Screen>
  );
}
