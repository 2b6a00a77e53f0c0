// Making an account for somebody, and inviting somebody to make one.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { useAct } from "../../lib/load";
import { policy } from "../../lib/site";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { PasswordField, SelectField, TextField, wrongOf } from "../../ui/field";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { toast } from "../../ui/toast";
import type said from "../said/en";
import type en from "./en";

const t = wordsOf<typeof en & typeof said>();

type Role = "user" | "admin";

interface Props {
  onClose(): void;
  onDone(): void;
}

function RoleField({ role, onRole }: { role: Role; onRole(role: Role): void }) {
  const options = (["user", "admin"] as const).map((value) => ({ value, label: t(`role.${value}`) }));
  return <SelectField label={t("users.role")} value={role} options={options} onValue={(value) => onRole(value as Role)} />;
}

function Ends({ label, isBusy, onClose }: { label: string; isBusy: boolean; onClose(): void }) {
  return (
    <div class="form-end">
      <Button onClick={onClose}>{t("cancel")}</Button>
      <Button type="submit" look="primary" isBusy={isBusy}>
        {label}
      </Button>
    </div>
  );
}

export function Add({ onClose, onDone }: Props) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("user");
  const act = useAct(() => freshly(() => ask(api.POST("/api/admin/users", { body: { email, name, password, role } }))));
  const done = () => {
    toast(t("users.made", { email }));
    onClose();
    onDone();
  };
  const wrong = (field: string) => wrongOf(act.problem, field);
  return (
    <Dialog title={t("users.add")} onClose={onClose}>
      <Form act={act} fields={["email", "name", "password"]} onDone={done}>
        <TextField label={t("users.email")} type="email" dir="ltr" autocomplete="off" value={email} onValue={setEmail} wrong={wrong("email")} />
        <TextField label={t("users.name")} autocomplete="off" maxLength={100} value={name} onValue={setName} wrong={wrong("name")} />
        <PasswordField label={t("users.password")} hint={t("users.password.hint", { n: policy.passwordMin })} autocomplete="new-password" value={password} onValue={setPassword} wrong={wrong("password")} />
        <RoleField role={role} onRole={setRole} />
        <Ends label={t("users.add")} isBusy={act.isBusy} onClose={onClose} />
      </Form>
    </Dialog>
  );
}

export function Invite({ onClose, onDone }: Props) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("user");
  const act = useAct(() => freshly(() => ask(api.POST("/api/admin/invitations", { body: { email, role } }))));
  const done = () => {
    toast(t("users.invited", { email }));
    onClose();
    onDone();
  };
  return (
    <Dialog title={t("users.invite")} onClose={onClose}>
      <Form act={act} fields={["email"]} onDone={done}>
        <p class="small soft">{t("users.invite.says")}</p>
        <TextField label={t("users.email")} type="email" dir="ltr" autocomplete="off" value={email} onValue={setEmail} wrong={wrongOf(act.problem, "email")} />
        <RoleField role={role} onRole={setRole} />
        <Ends label={t("users.invite")} isBusy={act.isBusy} onClose={onClose} />
      </Form>
    </Dialog>
  );
}
