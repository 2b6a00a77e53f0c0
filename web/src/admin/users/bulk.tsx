// What is done to many accounts at once, and what became of each.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { wordsOf } from "../../lib/words";
import { Notice } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { freshly } from "../../ui/fresh";
import { toast } from "../../ui/toast";
import type en from "./en";
import type { User } from "./screen";

const t = wordsOf<typeof en>();

type Action = Schema<"BulkAction">;
const ACTIONS: readonly Action[] = ["end_sessions", "enable", "disable"];
/** As many as the API takes at a time. */
const AT_A_TIME = 100;

interface Props {
  users: readonly User[];
  onAll(): void;
  onNone(): void;
  onDone(): void;
}

async function doTo(ids: readonly string[], action: Action): Promise<Schema<"BulkDoneTo">[]> {
  const done: Schema<"BulkDoneTo">[] = [];
  for (let at = 0; at < ids.length; at += AT_A_TIME) {
    const some = ids.slice(at, at + AT_A_TIME);
    const answer = await freshly(() => ask(api.POST("/api/admin/users/bulk", { body: { ids: some, action } })));
    done.push(...answer.items);
  }
  return done;
}

export function Bulk({ users, onAll, onNone, onDone }: Props) {
  const [asking, setAsking] = useState<Action>();
  const [refused, setRefused] = useState<Schema<"BulkDoneTo">[]>([]);
  const emailOf = (id: string) => users.find((user) => user.id === id)?.email ?? id;
  const act = async (action: Action) => {
    const done = await doTo(users.map(({ id }) => id), action);
    const not = done.filter(({ code }) => code);
    setRefused(not);
    toast(t("users.bulk.done", { done: done.length - not.length, all: done.length }));
    if (not.length === 0) {
      onNone();
    }
    onDone();
  };
  return (
    <>
      <div class="bulk" role="region" aria-label={t.many("users.picked", users.length)}>
        <strong aria-live="polite">{t.many("users.picked", users.length)}</strong>
        <Button look="quiet" isSmall onClick={onAll}>
          {t("users.pick.all")}
        </Button>
        <Button look="quiet" isSmall onClick={onNone}>
          {t("users.unpick")}
        </Button>
        <span class="push" />
        {ACTIONS.map((action) => (
          <Button key={action} isSmall look={action === "disable" ? "danger" : ""} onClick={() => setAsking(action)}>
            {t(`users.bulk.${action}`)}
          </Button>
        ))}
      </div>
      {refused.map(({ id, code }) => (
        <Notice key={id} tone="warn">
          {t("users.bulk.refused", { who: emailOf(id), why: t.maybe(`problem.${code}`, code ?? "") })}
        </Notice>
      ))}
      {asking && (
        <Confirm title={t(`users.bulk.${asking}.ask`, { n: users.length })} label={t(`users.bulk.${asking}`)} isDanger={asking === "disable"} act={() => act(asking)} onClose={() => setAsking(undefined)}>
          <p>{t(`users.bulk.${asking}.says`)}</p>
        </Confirm>
      )}
    </>
  );
}
