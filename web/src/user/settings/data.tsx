// One's own data: to take all of it along, and to delete the account.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { useAct } from "../../lib/load";
import { me } from "../../lib/me";
import { saveFile } from "../../lib/save";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { freshly } from "../../ui/fresh";
import { download, trash } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

function Export() {
  const act = useAct(() => freshly(() => saveFile("/api/me/export", "galen-export.json")));
  const take = async () => {
    if (await act.run()) {
      toast(t("data.exported"));
    }
  };
  return (
    <Card title={t("data.export")} says={t("data.export.says")}>
      <div class="stack">
        {act.problem && <ProblemNotice problem={act.problem} />}
        <div>
          <Button icon={download} isBusy={act.isBusy} onClick={() => void take()}>
            {t("data.export.go")}
          </Button>
        </div>
      </div>
    </Card>
  );
}

function Delete({ email, onClose }: { email: string; onClose(): void }) {
  const act = async () => {
    await freshly(() => ask(api.DELETE("/api/me")));
    location.assign("/login");
  };
  return (
    <Confirm title={t("data.delete.title")} label={t("data.delete.go")} isDanger typed={email} act={act} onClose={onClose}>
      <p>{t("data.delete.what")}</p>
      <ul class="dots">
        {(["account", "sessions", "inbox"] as const).map((one) => (
          <li key={one}>{t(`data.delete.${one}`)}</li>
        ))}
      </ul>
      <p>{t("data.delete.kept")}</p>
    </Confirm>
  );
}

export default function Data() {
  const email = useStore(me)?.user.email ?? "";
  const [isDeleting, setDeleting] = useState(false);
  return (
    <Screen title={t("data.title")}>
      <div class="settings">
        <Export />
        <Card title={t("data.delete")} says={t("data.delete.says")}>
          <Button look="danger" icon={trash} onClick={() => setDeleting(true)}>
            {t("data.delete.ask")}
          </Button>
        </Card>
      </div>
      {isDeleting && <Delete email={email} onClose={() => setDeleting(false)} />}
    </Screen>
  );
}
