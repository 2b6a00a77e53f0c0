// The dashboard: what a new account has still to do, how safe it is, what is new, and what happened of late.
import { useEffect } from "preact/hooks";

import { agentName } from "../../lib/agent";
import { api, ask } from "../../lib/api/client";
import { formatDay } from "../../lib/format";
import { useLoad } from "../../lib/load";
import { type Me, me } from "../../lib/me";
import { useStore } from "../../lib/store";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Bones, Nothing } from "../../ui/block";
import { ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { Icon } from "../../ui/icon";
import { bell, check, circle } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import { NoticeItem } from "../inbox/item";
import { markRead } from "../inbox/marks";
import "../inbox/inbox.css";
import { type Event, eventTitle, isBad } from "../settings/events";
import type panel from "../panel/en";
import type en from "./en";

const t = wordsOf<typeof en & typeof panel>();

const SHOWN = 5;

interface Step {
  name: "name" | "address" | "channels";
  isDone: boolean;
  to: string;
}

function stepsOf({ user }: Me): Step[] {
  return [
    { name: "address", isDone: user.email_verified_at !== null, to: "/settings/profile" },
    { name: "name", isDone: user.name !== "", to: "/settings/profile" },
  ];
}

/** What a new account has still to do; nothing when it is done. */
function Steps({ who }: { who: Me }) {
  const steps = stepsOf(who);
  if (steps.every(({ isDone }) => isDone)) {
    return null;
  }
  return (
    <Card title={t("home.steps")}>
      <ol class="steps">
        {steps.map(({ name, isDone, to }) => (
          <li key={name} class={isDone ? "done" : undefined}>
            <Icon d={isDone ? check : circle} />
            <span>{t(`home.step.${name}` as "home.step.name")}</span>
            {!isDone && (
              <ButtonLink to={to} isSmall>
                {t("home.step.go")}
              </ButtonLink>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Safety({ who }: { who: Me }) {
  const sessions = useLoad(() => ask(api.GET("/api/me/sessions")));
  useEffect(() => onEvent("sessions", sessions.reload), []);
  const { user, session } = who;
  return (
    <Card title={t("home.safety")} action={<ButtonLink to="/settings/security" isSmall>{t("home.safety.password")}</ButtonLink>}>
      <dl class="facts small">
        <dt>{t("home.address")}</dt>
        <dd>
          <bdi dir="ltr">{user.email}</bdi> {user.email_verified_at ? <Badge tone="good">{t("home.verified")}</Badge> : <Badge tone="warn">{t("home.unverified")}</Badge>}
        </dd>
        <dt>{t("home.devices")}</dt>
        <dd>
          {sessions.data ? <a href="/settings/sessions">{t.many("home.devices.count", sessions.data.items.length)}</a> : <span class="bone w3" aria-hidden="true" />}
        </dd>
        <dt>{t("home.this")}</dt>
        <dd>
          {agentName(session.user_agent, t("home.unknown"))}
          {session.address && (
            <>
              {" · "}
              <bdi dir="ltr">{session.address}</bdi>
            </>
          )}
        </dd>
        <dt>{t("home.signed_in")}</dt>
        <dd>
          <Time at={session.created_at} />
        </dd>
      </dl>
    </Card>
  );
}

function News() {
  const loaded = useLoad(() => ask(api.GET("/api/notifications", { params: { query: { limit: SHOWN } } })));
  useEffect(() => onEvent("notification", loaded.reload), []);
  return (
    <Card title={t("nav.inbox")} isBare action={<ButtonLink to="/notifications" isSmall>{t("inbox.see_all")}</ButtonLink>}>
      <Block
        loaded={loaded}
        skeleton={<Bones rows={5} />}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Nothing icon={bell} title={t("inbox.empty.all")}>
            <p>{t("inbox.empty.all.says")}</p>
          </Nothing>
        }
      >
        {({ items }) => (
          <ul>
            {items.map((item) => (
              <NoticeItem key={item.id} item={item} isShort onFollow={() => void markRead([item.id])} />
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}

function Recent() {
  const loaded = useLoad(() => ask(api.GET("/api/me/security-log", { params: { query: { limit: SHOWN } } })));
  return (
    <Card title={t("home.recent")} isBare action={<ButtonLink to="/settings/security-log" isSmall>{t("inbox.see_all")}</ButtonLink>}>
      <Block loaded={loaded} isEmpty={({ items }) => items.length === 0} empty={<Nothing title={t("home.recent.none")} />}>
        {({ items }: { items: Event[] }) => (
          <ul class="rows small">
            {items.map((item) => (
              <li key={item.id}>
                <span>{isBad(item) ? <Badge tone="warn">{eventTitle(item)}</Badge> : eventTitle(item)}</span>
                <span class="soft">
                  {item.address && (
                    <>
                      <bdi dir="ltr">{item.address}</bdi>
                      {" · "}
                    </>
                  )}
                  <Time at={item.at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}

export default function Home() {
  const who = useStore(me);
  if (who === undefined) {
    return <Bones rows={6} />;
  }
  const { name } = who.user;
  const hello = name === "" ? t("home.hello") : t("home.hello.name", { name: `\u2068${name}\u2069` });
  return (
    <Screen title={t("nav.home")} says={`${hello} ${formatDay(Date.now())}`}>
      <Steps who={who} />
      <div class="tiles">
        <News />
        <div class="stack">
          <Safety who={who} />
          <Recent />
        </div>
      </div>
    </Screen>
  );
}
