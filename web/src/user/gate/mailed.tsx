// What is said after a mail was asked for: the same whether there is an account or not, with a way to ask once more.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

import { formatDuration } from "../../lib/format";
import { useAct } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { mail } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { toast } from "../../ui/toast";
import type en from "./words";
import { GateCard } from "./card";

const t = wordsOf<typeof en>();

/** How long to wait before it may be asked for once more, in seconds: mails take that long. */
const AGAIN_AFTER_S = 30;

interface Props {
  email: string;
  says: ComponentChildren;
  again(): Promise<unknown>;
  onChange(): void;
}

export function Mailed({ email, says, again, onChange }: Props) {
  const [until, setUntil] = useState(() => Date.now() + AGAIN_AFTER_S * 1000);
  const [left, setLeft] = useState(AGAIN_AFTER_S);
  const act = useAct(async () => {
    await again();
    setUntil(Date.now() + AGAIN_AFTER_S * 1000);
    toast(t("mailed.again.done"));
  });
  useEffect(() => {
    const tick = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    const timer = setInterval(tick, 500);
    tick();
    return () => clearInterval(timer);
  }, [until]);
  const end = <a href="/login">{t("to.login")}</a>;
  return (
    <GateCard title={t("mailed.title")} end={end}>
      <div class="gate-sign" aria-hidden="true">
        <Icon d={mail} />
      </div>
      <p>{says}</p>
      <p class="soft small">{t.rich("mailed.where", { email: <bdi dir="ltr"><strong>{email}</strong></bdi> })}</p>
      {act.problem && <ProblemNotice problem={act.problem} onOver={act.clear} />}
      <div class="form-end">
        <Button onClick={() => void act.run()} isBusy={act.isBusy} disabled={left > 0}>
          {left > 0 ? t("mailed.again.in", { time: formatDuration(left * 1000) }) : t("mailed.again")}
        </Button>
        <Button look="quiet" onClick={onChange}>
          {t("mailed.change")}
        </Button>
      </div>
    </GateCard>
  );
}
