// The password once more, before a risky act: asked for when the server wants it, and then the act goes on.
import { useState } from "preact/hooks";

import { api, ask, keepCsrfToken } from "../lib/api/client";
import { Problem } from "../lib/api/problem";
import { useAct } from "../lib/load";
import { me } from "../lib/me";
import { createStore, useStore } from "../lib/store";
import { wordsOf } from "../lib/words";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { PasswordField } from "./field";
import { Form } from "./form";

const t = wordsOf();

interface Waiting {
  goOn(): void;
  giveUp(): void;
}

const waiting = createStore<Waiting | undefined>(undefined);

function askPassword(refused: Problem): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.set({
      goOn: () => {
        waiting.set(undefined);
        resolve();
      },
      giveUp: () => {
        waiting.set(undefined);
        reject(refused);
      },
    });
  });
}

/** Does `act`; when the server wants the password first, asks for it and does it again. */
export async function freshly<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Problem && error.code === "auth.fresh_needed") {
      await askPassword(error);
      return act();
    }
    throw error;
  }
}

/** Drawn once by every panel, after its shell. */
export function Freshness() {
  const open = useStore(waiting);
  return open ? <PasswordDialog waiting={open} /> : null;
}

function PasswordDialog({ waiting: { goOn, giveUp } }: { waiting: Waiting }) {
  const [password, setPassword] = useState("");
  const act = useAct(async () => {
    const signedIn = await ask(api.POST("/api/auth/reauthenticate", { body: { password } }));
    keepCsrfToken(signedIn.csrf_token);
  });
  return (
    <Dialog title={t("fresh.title")} onClose={giveUp}>
      <Form act={act} onDone={goOn}>
        <p class="small soft">{t("fresh.says")}</p>
        <input type="hidden" autocomplete="username" value={me.get()?.user.email ?? ""} />
        <PasswordField label={t("fresh.password")} value={password} onValue={setPassword} autocomplete="current-password" autofocus />
        <div class="form-end">
          <Button onClick={giveUp}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy}>
            {t("fresh.go")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
