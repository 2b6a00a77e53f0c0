// A forgotten password: a link is mailed, and the answer is the same whether or not there is an account.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { useAct } from "../../lib/load";
import { useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { GateCard } from "./card";
import type en from "./words";
import { Mailed } from "./mailed";

const t = wordsOf<typeof en>();

export default function Forgot() {
  const [email, setEmail] = useState(useQuery("email"));
  const [isSent, setSent] = useState(false);
  const send = () => ask(api.POST("/api/auth/forgot", { body: { email } }));
  const act = useAct(send);
  if (isSent) {
    return <Mailed email={email} says={t("forgot.sent")} again={send} onChange={() => setSent(false)} />;
  }
  return (
    <GateCard title={t("forgot.title")} says={t("forgot.says")} end={<a href="/login">{t("to.login")}</a>}>
      <Form act={act} fields={["email"]} onDone={() => setSent(true)}>
        <TextField label={t("email")} type="email" dir="ltr" autocomplete="username" spellcheck={false} value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} required />
        <Button type="submit" look="primary" isWide isBusy={act.isBusy}>
          {t("forgot.go")}
        </Button>
      </Form>
    </GateCard>
  );
}
