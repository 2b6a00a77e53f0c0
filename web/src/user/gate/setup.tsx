// The first run: the printed link makes the first administrator, who is signed in at once.
import { useState } from "preact/hooks";

import { api, ask, keepCsrfToken } from "../../lib/api/client";
import { useAct } from "../../lib/load";
import { LANGUAGES, language, setLanguage } from "../../lib/preferences";
import { wordsOf } from "../../lib/words";
import { Button, ButtonLink } from "../../ui/button";
import { TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { NewPassword } from "../../ui/new-password";
import { LANGUAGE_NAMES } from "../../ui/theme-menu";
import { GateCard } from "./card";
import type en from "./words";
import { openedWith, secretIn } from "./secret";

const t = wordsOf<typeof en>();

/** The page is asked for anew in the other language, so the secret goes along behind its "#". */
function changeLanguage(to: (typeof LANGUAGES)[number]): void {
  if (openedWith !== "") {
    history.replaceState(null, "", `#token=${encodeURIComponent(openedWith)}`);
  }
  setLanguage(to);
}

function Languages() {
  return (
    <div class="row" role="group" aria-label={t("look")}>
      {LANGUAGES.map((one) => (
        <Button key={one} isSmall lang={one} aria-pressed={one === language} look={one === language ? "primary" : ""} onClick={() => one !== language && changeLanguage(one)}>
          {LANGUAGE_NAMES[one]}
        </Button>
      ))}
    </div>
  );
}

export default function Setup() {
  const [pasted, setPasted] = useState("");
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const token = openedWith || secretIn(pasted);
  const act = useAct(async () => {
    await ask(api.POST("/api/setup", { body: { token, email, name, password } }));
    const signedIn = await ask(api.POST("/api/auth/login", { body: { email, password } }));
    keepCsrfToken(signedIn.csrf_token);
  });
  if (act.problem?.code === "auth.setup_not_possible") {
    return (
      <GateCard title={t("setup.dead")} says={t.rich("setup.dead.says", { command: <bdi dir="ltr"><code>galen user add EMAIL --admin</code></bdi> })}>
        <ButtonLink to="/login" look="primary" isWide>
          {t("to.login")}
        </ButtonLink>
      </GateCard>
    );
  }
  return (
    <GateCard title={t("setup.title")} says={t("setup.says")}>
      <Languages />
      <Form act={act} fields={["token", "email", "name", "password"]} onDone={() => location.assign("/admin")}>
        {openedWith === "" && <TextField label={t("setup.paste")} hint={t("setup.paste.hint")} dir="ltr" autocomplete="off" spellcheck={false} value={pasted} onValue={setPasted} wrong={wrongOf(act.problem, "token")} />}
        <TextField label={t("email")} type="email" dir="ltr" autocomplete="username" spellcheck={false} value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} required />
        <TextField label={t("name")} hint={t("name.hint")} autocomplete="name" value={name} onValue={setName} wrong={wrongOf(act.problem, "name")} />
        <NewPassword value={password} onValue={setPassword} wrong={wrongOf(act.problem, "password")} />
        <Button type="submit" look="primary" isWide isBusy={act.isBusy}>
          {t("setup.go")}
        </Button>
      </Form>
    </GateCard>
  );
}
