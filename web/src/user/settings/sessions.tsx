// Where one is signed in: every device, this one first, each to be signed out; what happens elsewhere is seen at once.
import { useEffect, useState } from "preact/hooks";

import { agentName, agentOf } from "../../lib/agent";
import { api, ask, type Schema } from "../../lib/api/client";
import { useLoad } from "../../lib/load";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Bones } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { device, phone } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

type Session = Schema<"Session">;

const nameOf = ({ user_agent }: Session): string => agentName(user_agent, t("sessions.unknown"));

function Row({ session, onEnd }: { session: Session; onEnd(session: Session): void }) {
  return (
    <li>
      <div class="about">
        <Icon d={agentOf(session.user_agent).isPhone ? phone : device} />
        <span class="head">
          {nameOf(session)}
          {session.current && <Badge tone="good">{t("sessions.this")}</Badge>}
        </span>
        <span class="soft small">
          {session.address && (
            <>
              <bdi dir="ltr">{session.address}</bdi>
              {" · "}
            </>
          )}
          {t.rich("sessions.times", { opened: <Time at={session.created_at} />, seen: <Time at={session.last_seen_at} /> })}
        </span>
      </div>
      {!session.current && (
        <Button isSmall look="danger" onClick={() => onEnd(session)} aria-label={t("sessions.end.named", { name: nameOf(session) })}>
          {t("sessions.end")}
        </Button>
      )}
    </li>
  );
}

function EndOne({ session, onDone, onClose }: { session: Session; onDone(): void; onClose(): void }) {
  const act = async () => {
    await ask(api.DELETE("/api/me/sessions/{id}", { params: { path: { id: session.id } } }));
    onDone();
    toast(t("sessions.ended"));
  };
  return (
    <Confirm title={t("sessions.end.title", { name: nameOf(session) })} label={t("sessions.end")} isDanger act={act} onClose={onClose}>
      <p>{t("sessions.end.says")}</p>
      {session.user_agent && (
        <p class="soft">
          <bdi dir="ltr">{session.user_agent}</bdi>
        </p>
      )}
    </Confirm>
  );
}

/** One after the other: each is a change of its own, and one that has ended meanwhile is no failure. */
async function endAll(sessions: Session[]): Promise<void> {
  for (const { id } of sessions) {
    await ask(api.DELETE("/api/me/sessions/{id}", { params: { path: { id } } })).catch((error: { status?: number }) => (error.status === 404 ? undefined : Promise.reject(error)));
  }
}

function EndOthers({ others, onDone, onClose }: { others: Session[]; onDone(): void; onClose(): void }) {
  const act = async () => {
    await endAll(others).finally(onDone);
    toast(t("sessions.others.ended"));
  };
  return (
    <Confirm title={t("sessions.others.title")} label={t("sessions.others")} isDanger act={act} onClose={onClose}>
      <p>{t.many("sessions.others.says", others.length)}</p>
    </Confirm>
  );
}

function EndEverywhere({ onClose }: { onClose(): void }) {
  const act = async () => {
    await ask(api.POST("/api/auth/logout-all"));
    location.assign("/login");
  };
  return (
    <Confirm title={t("sessions.all.title")} label={t("sessions.all")} isDanger act={act} onClose={onClose}>
      <p>{t("sessions.all.says")}</p>
    </Confirm>
  );
}

export default function Sessions() {
  const loaded = useLoad(() => ask(api.GET("/api/me/sessions")));
  const [ending, setEnding] = useState<Session | "others" | "all">();
  useEffect(() => onEvent("sessions", loaded.reload), []);
  const others = loaded.data?.items.filter(({ current }) => !current) ?? [];
  const close = () => setEnding(undefined);
  const footer = (
    <div class="row apart">
      <span class="soft">{t("sessions.footer")}</span>
      <Button isSmall look="quiet" onClick={() => setEnding("all")}>
        {t("sessions.all")}
      </Button>
    </div>
  );
  const action = others.length > 0 && (
    <Button isSmall look="danger" onClick={() => setEnding("others")}>
      {t("sessions.others")}
    </Button>
  );
  return (
    <Screen title={t("sessions.title")}>
      <div class="settings">
        <Card title={t("sessions.where")} says={t("sessions.where.says")} isBare action={action} footer={footer}>
          <Block loaded={loaded} skeleton={<Bones rows={4} />}>
            {({ items }) => (
              <>
                <ul class="rows">
                  {items.toSorted((a, b) => Number(b.current) - Number(a.current)).map((session) => (
                    <Row key={session.id} session={session} onEnd={setEnding} />
                  ))}
                </ul>
                {items.length === 1 && <p class="inside soft small">{t("sessions.only")}</p>}
              </>
            )}
          </Block>
        </Card>
      </div>
      {ending === "others" && <EndOthers others={others} onDone={loaded.reload} onClose={close} />}
      {ending === "all" && <EndEverywhere onClose={close} />}
      {typeof ending === "object" && <EndOne session={ending} onDone={loaded.reload} onClose={close} />}
    </Screen>
  );
}
