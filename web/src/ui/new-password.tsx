// A field for a password that is chosen: how long it has to be, and how far one is.
import { formatNumber } from "../lib/format";
import { policy } from "../lib/site";
import { wordsOf } from "../lib/words";
import { PasswordField } from "./field";

const t = wordsOf();

interface Props {
  label?: string;
  value: string;
  onValue(value: string): void;
  wrong?: string | undefined;
}

export function NewPassword({ label, value, onValue, wrong }: Props) {
  const length = [...value].length;
  const left = policy.passwordMin - length;
  const hint = length === 0 ? t("new_password.hint", { n: policy.passwordMin }) : left > 0 ? t.many("new_password.left", left) : t("new_password.enough", { n: formatNumber(length) });
  return <PasswordField label={label ?? t("new_password.label")} hint={hint} autocomplete="new-password" value={value} onValue={onValue} wrong={wrong} required />;
}
