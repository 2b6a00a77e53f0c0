// The password. Changing it signs every other device out.
import { useState } from "preact/hooks";

import { api, ask, keepCsrfToken } from "../../lib/api/client";
import { useAct } from "../../lib/load";
import { loadMe, me } from "../../lib/me";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Button, ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { PasswordField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { NewPassword } from "../../ui/new-password";
import { Screen } from "../../ui/screen";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

/** The current password is asked for once: it makes the session fresh, which the change wants. */
async function change(current: string, next: string): Promise<void> {
  const fresh = await ask(api.POST("/api/auth/reauthenticate", { body: { password: current } }));
  keepCsrfToken(fresh.csrf_token);
  const signedIn = await ask(api.POST("/api/me/password", { body: { current, new: next } }));
  keepCsrfToken(signedIn.csrf_token);
  await loadMe();
}

function PasswordCard() {
  const who = useStore(me);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const act = useAct(() => change(current, next));
  const done = () => {
    setCurrent("");
    setNext("");
    toast(t("password.changed"));
  };
  const isWrong = act.problem?.code === "auth.wrong_password";
  const wrong = isWrong ? t("problem.auth.wrong_password") : (wrongOf(act.problem, "current") ?? wrongOf(act.problem, "password"));
  return (
    <Card title={t("password.title")} says={t("password.says")}>
      <Form act={act} fields={["current", "password", "new"]} onDone={done} isShownAtFields={isWrong}>
        <div class="narrow stack">
          <input type="text" hidden autocomplete="username" value={who?.user.email ?? ""} readOnly />
          <PasswordField label={t("password.current")} autocomplete="current-password" value={current} onValue={setCurrent} wrong={wrong} />
          <NewPassword label={t("password.new")} value={next} onValue={setNext} wrong={wrongOf(act.problem, "new")} />
        </div>
        <div class="form-end">
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("password.go")}
          </Button>
          <span class="soft small">{t("password.others")}</span>
        </div>
      </Form>
    </Card>
  );
}

export default function Security() {
  return (
    <Screen title={t("password.title")}>
      <div class="settings">
        <PasswordCard />
        <Card title={t("security.look")} says={t("security.look.says")}>
          <div class="row">
            <ButtonLink to="/settings/sessions">{t("security.devices")}</ButtonLink>
            <ButtonLink to="/settings/security-log">{t("security.log")}</ButtonLink>
          </div>
        </Card>
      </div>
    </Screen>
  );
}
