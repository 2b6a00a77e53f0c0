// Making an account. The answer is the same whether or not the address has one: what comes next is in the mailbox.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { useAct } from "../../lib/load";
import { policy } from "../../lib/site";
import { wordsOf } from "../../lib/words";
import { Button, ButtonLink } from "../../ui/button";
import { TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { NewPassword } from "../../ui/new-password";
import { GateCard } from "./card";
import type en from "./words";
import { Mailed } from "./mailed";

const t = wordsOf<typeof en>();

function Closed() {
  return (
    <GateCard title={t("register.closed")} says={t(policy.registration === "invite" ? "register.invite" : "register.none")}>
      <ButtonLink to="/login" isWide>
        {t("to.login")}
      </ButtonLink>
    </GateCard>
  );
}

function Open() {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isSent, setSent] = useState(false);
  const act = useAct(() => ask(api.POST("/api/auth/register", { body: { name, email, password } })));
  if (isSent) {
    const again = () => ask(api.POST("/api/auth/resend-verification", { body: { email } }));
    return <Mailed email={email} says={t("register.sent")} again={again} onChange={() => setSent(false)} />;
  }
  const end = (
    <span>
      {t("register.have")} <a href="/login">{t("login.go")}</a>
    </span>
  );
  return (
    <GateCard title={t("register.title")} end={end}>
      <Form act={act} fields={["name", "email", "password"]} onDone={() => setSent(true)}>
        <TextField label={t("name")} hint={t("name.hint")} autocomplete="name" value={name} onValue={setName} wrong={wrongOf(act.problem, "name")} />
        <TextField label={t("email")} type="email" dir="ltr" autocomplete="username" spellcheck={false} value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} required />
        <NewPassword value={password} onValue={setPassword} wrong={wrongOf(act.problem, "password")} />
        <Button type="submit" look="primary" isWide isBusy={act.isBusy}>
          {t("register.go")}
        </Button>
      </Form>
    </GateCard>
  );
}

export default function Register() {
  return policy.registration === "open" ? <Open /> : <Closed />;
}
