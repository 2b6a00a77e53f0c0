// The pages that mailed links open. Opening one changes nothing, since mail scanners do it too; its button does.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import type { Problem } from "../../lib/api/problem";
import { useAct } from "../../lib/load";
import { hasSession } from "../../lib/me";
import { place, useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Button, ButtonLink } from "../../ui/button";
import { Choice, PasswordField, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { Icon } from "../../ui/icon";
import { check } from "../../ui/icons";
import { NewPassword } from "../../ui/new-password";
import { GateCard } from "./card";
import type en from "./words";
import { Mailed } from "./mailed";
import { openedWith, secretIn } from "./secret";

const t = wordsOf<typeof en>();

type Purpose = "verify" | "reset" | "confirm" | "invitation" | "not-me";

interface Given {
  token: string;
  name: string;
  password: string;
  isStranger: boolean;
}

/** Where each is sent. */
const SENDS: Record<Purpose, (given: Given) => Promise<unknown>> = {
  verify: ({ token, password, isStranger }) =>
    ask(api.POST("/api/auth/verify-email", { body: { token, ...(password === "" ? {} : isStranger ? { new_password: password } : { password }) } })),
  reset: ({ token, password }) => ask(api.POST("/api/auth/reset", { body: { token, password } })),
  confirm: ({ token }) => ask(api.POST("/api/auth/confirm-email", { body: { token } })),
  invitation: ({ token, name, password }) => ask(api.POST("/api/auth/accept-invitation", { body: { token, name, password } })),
  "not-me": ({ token }) => ask(api.POST("/api/auth/not-me", { body: { token } })),
};

/** Where to get another link of the kind. */
const ANEW: Partial<Record<Purpose, string>> = { verify: "/verify", reset: "/forgot", confirm: "/settings/profile" };

function Done({ purpose }: { purpose: Purpose }) {
  const isIn = purpose === "confirm" && hasSession;
  return (
    <GateCard title={t(`link.${purpose}.done`)}>
      <div class="gate-sign good" aria-hidden="true">
        <Icon d={check} />
      </div>
      <p>{t(`link.${purpose}.after`)}</p>
      {purpose !== "not-me" && (
        <ButtonLink to={isIn ? "/settings/profile" : "/login"} look="primary" isWide>
          {t(isIn ? "to.account" : "login.go")}
        </ButtonLink>
      )}
    </GateCard>
  );
}

/** The link is of no use: why, and where another comes from. */
function Dead({ purpose, problem, onAnew }: { purpose: Purpose; problem: Problem; onAnew(): void }) {
  const anew = ANEW[purpose];
  const isDone = purpose === "verify" && problem.code === "link.used";
  return (
    <GateCard title={t.maybe(`problem.${problem.code}`, problem.title)} says={isDone ? t("link.verify.used") : t.maybe(`problem.${problem.code}.do`, problem.detail)} end={<a href="/login">{t("to.login")}</a>}>
      {purpose === "verify" ? (
        <Button look="primary" isWide onClick={onAnew}>
          {t("link.anew")}
        </Button>
      ) : (
        anew && (
          <ButtonLink to={anew} look="primary" isWide>
            {t("link.anew")}
          </ButtonLink>
        )
      )}
    </GateCard>
  );
}

function VerifyPassword({ isStranger, password, setPassword, setStranger, problem }: { isStranger: boolean; password: string; setPassword(to: string): void; setStranger(to: boolean): void; problem: Problem | undefined }) {
  return (
    <>
      {isStranger ? (
        <NewPassword value={password} onValue={setPassword} wrong={wrongOf(problem, "new_password")} />
      ) : (
        <PasswordField label={t("password")} hint={t("link.verify.hint")} autocomplete="current-password" value={password} onValue={setPassword} wrong={wrongOf(problem, "password")} />
      )}
      <Choice isOn={isStranger} onChoice={setStranger}>
        {t("link.verify.stranger")}
      </Choice>
    </>
  );
}

function Ask({ purpose, onDone, onDead }: { purpose: Purpose; onDone(): void; onDead(problem: Problem): void }) {
  const [pasted, setPasted] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [isStranger, setStranger] = useState(false);
  const token = openedWith || secretIn(pasted);
  const act = useAct(() => SENDS[purpose]({ token, name, password, isStranger }));
  const { problem } = act;
  if (problem?.code.startsWith("link.")) {
    onDead(problem);
  }
  // Whoever is signed in to the account has shown that it is theirs.
  const isProven = purpose === "verify" && hasSession && problem === undefined;
  const isNew = purpose === "reset" || purpose === "invitation";
  return (
    <GateCard title={t(`link.${purpose}.title`)} says={t(`link.${purpose}.says`)}>
      <Form act={act} fields={["name", "password", "new_password", "token"]} onDone={onDone}>
        {openedWith === "" && <TextField label={t("link.paste")} hint={t("link.paste.hint")} dir="ltr" autocomplete="off" spellcheck={false} value={pasted} onValue={setPasted} wrong={wrongOf(problem, "token")} />}
        {purpose === "invitation" && <TextField label={t("name")} hint={t("name.hint")} autocomplete="name" value={name} onValue={setName} wrong={wrongOf(problem, "name")} />}
        {isNew && <NewPassword value={password} onValue={setPassword} wrong={wrongOf(problem, "password")} />}
        {purpose === "verify" && !isProven && <VerifyPassword {...{ isStranger, password, setPassword, setStranger, problem }} />}
        <Button type="submit" look={purpose === "not-me" ? "primary danger" : "primary"} isWide isBusy={act.isBusy}>
          {t(`link.${purpose}.go`)}
        </Button>
      </Form>
    </GateCard>
  );
}

/** Asks for the mail that proves an address, once more. */
function Resend() {
  const [email, setEmail] = useState(useQuery("email"));
  const [isSent, setSent] = useState(false);
  const send = () => ask(api.POST("/api/auth/resend-verification", { body: { email } }));
  const act = useAct(send);
  if (isSent) {
    return <Mailed email={email} says={t("resend.sent")} again={send} onChange={() => setSent(false)} />;
  }
  return (
    <GateCard title={t("resend.title")} says={t("resend.says")} end={<a href="/login">{t("to.login")}</a>}>
      <Form act={act} fields={["email"]} onDone={() => setSent(true)}>
        <TextField label={t("email")} type="email" dir="ltr" autocomplete="username" spellcheck={false} value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} required />
        <Button type="submit" look="primary" isWide isBusy={act.isBusy}>
          {t("resend.go")}
        </Button>
      </Form>
    </GateCard>
  );
}

export default function Link() {
  const purpose = place.get().path.slice(1) as Purpose;
  const [isDone, setDone] = useState(false);
  const [dead, setDead] = useState<Problem>();
  const [isAnew, setAnew] = useState(purpose === "verify" && openedWith === "");
  if (isAnew) {
    return <Resend />;
  }
  if (dead) {
    return <Dead purpose={purpose} problem={dead} onAnew={() => setAnew(true)} />;
  }
  return isDone ? <Done purpose={purpose} /> : <Ask purpose={purpose} onDone={() => setDone(true)} onDead={setDead} />;
}
