// What changes what somebody may do, or cannot be undone. Each asks first, and names whom it concerns.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { go } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Notice } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { freshly } from "../../ui/fresh";
import { toast } from "../../ui/toast";
import type said from "../said/en";
import type en from "./en";
import type { User } from "./screen";

const t = wordsOf<typeof en & typeof said>();

type Ask = "role" | "status" | "delete";

interface Props {
  user: User;
  isSelf: boolean;
  onChange(user: User): void;
}

function Line({ title, says, label, isDanger, onAsk }: { title: string; says: string; label: string; isDanger: boolean; onAsk(): void }) {
  return (
    <div class="row apart danger-line">
      <div>
        <strong>{title}</strong>
        <p class="soft small">{says}</p>
      </div>
      <Button look={isDanger ? "danger" : ""} onClick={onAsk}>
        {label}
      </Button>
    </div>
  );
}

export function Danger({ user, isSelf, onChange }: Props) {
  const [asking, setAsking] = useState<Ask>();
  const { id, email, role, status } = user;
  const [isAdmin, isActive] = [role === "admin", status === "active"];
  const path = { params: { path: { id } } };
  const change = async (body: Schema<"UserChangeForm">) => {
    onChange(await freshly(() => ask(api.PATCH("/api/admin/users/{id}", { ...path, body }))));
    toast(t("user.saved"));
  };
  const remove = async () => {
    await freshly(() => ask(api.DELETE("/api/admin/users/{id}", path)));
    toast(t("user.deleted", { email }));
    go("/admin/users");
  };
  const close = () => setAsking(undefined);
  const next = isAdmin ? "user" : "admin";
  const turn = isActive ? "disable" : "enable";
  if (isSelf) {
    return <Notice tone="warn">{t("user.self")}</Notice>;
  }
  return (
    <Card title={t("user.tab.danger")}>
      <div class="stack">
        <Line title={t("user.role.change")} says={t("user.role.says")} label={t(`user.role.make_${next}`)} isDanger={isAdmin} onAsk={() => setAsking("role")} />
        <Line title={t(`user.${turn}`)} says={t(`user.${turn}.says`)} label={t(`users.bulk.${turn}`)} isDanger={isActive} onAsk={() => setAsking("status")} />
        <Line title={t("user.delete")} says={t("user.delete.says")} label={t("user.delete")} isDanger onAsk={() => setAsking("delete")} />
      </div>
      {asking === "role" && (
        <Confirm title={t(`user.role.${next}.ask`, { email })} label={t(`user.role.make_${next}`)} isDanger act={() => change({ role: next })} onClose={close}>
          <p>{t(`user.role.${next}.says`)}</p>
        </Confirm>
      )}
      {asking === "status" && (
        <Confirm title={t(`user.${turn}.ask`, { email })} label={t(`users.bulk.${turn}`)} isDanger={isActive} act={() => change({ status: isActive ? "disabled" : "active" })} onClose={close}>
          <p>{t(`user.${turn}.says`)}</p>
        </Confirm>
      )}
      {asking === "delete" && (
        <Confirm title={t("user.delete.ask", { email })} label={t("user.delete")} isDanger typed={email} act={remove} onClose={close}>
          <p>{t("user.delete.says")}</p>
          <p>
            <strong>{t("user.delete.last")}</strong>
          </p>
        </Confirm>
      )}
    </Card>
  );
}
