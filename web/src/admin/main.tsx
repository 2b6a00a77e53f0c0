// The administrators' panel: a user never downloads it.
import "../styles/all.css";
import "./admin.css";

import { useEffect } from "preact/hooks";

import { language } from "../lib/preferences";
import { loadMe, me } from "../lib/me";
import { start } from "../lib/start";
import { useStore } from "../lib/store";
import { startStream } from "../lib/stream";
import { wordsOf } from "../lib/words";
import { Nothing } from "../ui/block";
import { ButtonLink } from "../ui/button";
import { Freshness } from "../ui/fresh";
import { shield, user } from "../ui/icons";
import { Live } from "../ui/live";
import { Shell, type WayGroup } from "../ui/shell";
import { LookMenu } from "../ui/theme-menu";
import type en from "./en";
import { ALL, type Group, GROUPS } from "./screens";

const t = wordsOf<typeof en>();

function waysOf(group: Group): WayGroup {
  const ways = ALL.filter((screen) => screen.group === group && screen.icon !== undefined);
  return {
    label: t(`group.${group}`),
    ways: ways.map((screen) => ({ to: screen.path, label: screen.name[language], icon: screen.icon ?? "", isBranch: screen.path !== "/admin" })),
  };
}

/** The panel's own refusal: the server refuses every call of somebody who is no admin in any case. */
function Refused() {
  return (
    <main class="refused">
      <Nothing icon={shield} title={<h1>{t("problem.auth.not_admin")}</h1>}>
        <p>{t("problem.auth.not_admin.do")}</p>
        <ButtonLink to="/dashboard">{t("to.own")}</ButtonLink>
      </Nothing>
    </main>
  );
}

function App() {
  const who = useStore(me);
  useEffect(() => {
    loadMe().then(({ user: { role } }) => role === "admin" && startStream("notifications,sessions,alerts,health,examinations"), () => undefined);
  }, []);
  if (who === undefined) {
    return null;
  }
  if (who.user.role !== "admin") {
    return <Refused />;
  }
  const top = (
    <>
      <Live />
      <LookMenu />
      <ButtonLink to="/dashboard" look="quiet" isSmall icon={user}>
        {t("to.own")}
      </ButtonLink>
    </>
  );
  return (
    <>
      <Shell home="/admin" screens={ALL} groups={GROUPS.map(waysOf).filter(({ ways }) => ways.length > 0)} top={top} isWide />
      <Freshness />
    </>
  );
}

void start(App, { en: () => import("./en"), fa: () => import("./fa") });
