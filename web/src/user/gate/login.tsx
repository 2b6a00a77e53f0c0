// Signing in. What is refused is said in one way, whatever was wrong; how long to wait is counted down.
import { useEffect, useState } from "preact/hooks";

import { api, ask, keepCsrfToken } from "../../lib/api/client";
import { safeNext } from "../../lib/leave";
import { useAct } from "../../lib/load";
import { hasSession } from "../../lib/me";
import { go, useQuery } from "../../lib/router";
import { policy } from "../../lib/site";
import { wordsOf } from "../../lib/words";
import { Notice } from "../../ui/badge";
import { Button } from "../../ui/button";
import { PasswordField, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { useCountdown } from "../../ui/problem";
import { GateCard } from "./card";
import type en from "./en";

const t = wordsOf<typeof en>();

/** Whoever is signed in already has nothing to do here. */
function useAlreadySignedIn(next: string): void {
  useEffect(() => {
    const leave = async () => {
      const { data } = await api.GET("/api/me");
      if (data) {
        go(next, true);
      }
    };
    if (hasSession) {
      leave().catch(() => undefined);
    }
  }, []);
}

export default function Login() {
  const next = useQuery("next");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const target = safeNext(next || null);
  useAlreadySignedIn(target);
  const act = useAct(async () => {
    const signedIn = await ask(api.POST("/api/auth/login", { body: { email, password } }));
    keepCsrfToken(signedIn.csrf_token);
    // A page of its own: it says that there is a session, and begins at its beginning for the keyboard.
    location.replace(target);
  });
  const left = useCountdown(act.problem);
  const isUnverified = act.problem?.code === "auth.email_not_verified";
  const forgot = <a href="/forgot">{t("login.forgot")}</a>;
  const end = policy.registration === "open" && (
    <span>
      {t("login.new")} <a href="/register">{t("login.register")}</a>
    </span>
  );
  return (
    <GateCard title={t("login.title")} says={next !== "" && !act.problem ? t("login.next") : undefined} end={end}>
      <Form act={act} fields={["email", "password"]}>
        {isUnverified && <Notice>{t.rich("login.resend", { link: <a href={`/verify?email=${encodeURIComponent(email)}`}>{t("login.resend.link")}</a> })}</Notice>}
        <TextField label={t("email")} type="email" dir="ltr" autocomplete="username" spellcheck={false} value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} required />
        <PasswordField label={t("password")} aside={forgot} autocomplete="current-password" value={password} onValue={setPassword} wrong={wrongOf(act.problem, "password")} required />
        <Button type="submit" look="primary" isWide isBusy={act.isBusy} disabled={left > 0}>
          {t("login.go")}
        </Button>
      </Form>
    </GateCard>
  );
}
