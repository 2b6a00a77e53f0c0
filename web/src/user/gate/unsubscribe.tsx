// The page that ends mails of a kind. Opening it changes nothing, since mail scanners do it too; its button does.
import { useState } from "preact/hooks";

import { toldBy, unreachable } from "../../lib/api/problem";
import { useAct } from "../../lib/load";
import { place } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { Form } from "../../ui/form";
import { Icon } from "../../ui/icon";
import { check } from "../../ui/icons";
import { GateCard } from "./card";
import type en from "./words";

const t = wordsOf<typeof en>();

/** Without the session's cookie: the link alone says whose mails end, as it does when a mailbox posts to it (RFC 8058). */
async function end(path: string): Promise<void> {
  const response = await fetch(path, { method: "POST", credentials: "omit" }).catch(() => Promise.reject(unreachable()));
  if (!response.ok) {
    throw toldBy(await response.json().catch(() => undefined), response);
  }
}

export default function Unsubscribe() {
  const { path } = place.get();
  const [isDone, setDone] = useState(false);
  const act = useAct(() => end(path));
  // What ends stands behind the first dot; what is before it is the secret.
  const token = path.slice(path.lastIndexOf("/") + 1);
  const dot = token.indexOf(".");
  const category = decodeURIComponent(token.slice(dot + 1));
  const login = <a href="/login">{t("to.login")}</a>;
  if (dot < 0 || act.problem?.status === 403) {
    return <GateCard title={t("end.unknown")} says={t("end.unknown.says")} end={login} />;
  }
  if (isDone) {
    return (
      <GateCard title={t("end.done")} says={t("end.after")} end={login}>
        <div class="gate-sign good" aria-hidden="true">
          <Icon d={check} />
        </div>
      </GateCard>
    );
  }
  return (
    <GateCard title={t("end.title")} says={category === "*" ? t("end.every") : t("end.says", { category })}>
      <Form act={act} fields={[]} onDone={() => setDone(true)}>
        <Button type="submit" look="primary" isWide isBusy={act.isBusy}>
          {t("end.go")}
        </Button>
      </Form>
    </GateCard>
  );
}
