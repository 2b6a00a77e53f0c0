// The panel of somebody who is signed in: its ways, its bell, its stream.
import { useEffect } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { leaveForLogin } from "../../lib/leave";
import { type Me, me, loadMe } from "../../lib/me";
import { onEvent, setPaused, startStream } from "../../lib/stream";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Freshness } from "../../ui/fresh";
import { archive, bell, device, gauge, home, list, mail, out, shield, sliders, user } from "../../ui/icons";
import { Live } from "../../ui/live";
import { Menu } from "../../ui/popover";
import { Shell, type WayGroup } from "../../ui/shell";
import { LookMenu } from "../../ui/theme-menu";
import { toast } from "../../ui/toast";
import { Bell } from "../inbox/bell";
import { followCounts } from "../inbox/counts";
import type en from "./en";
import { SCREENS } from "./screens";
import "./panel.css";

const t = wordsOf<typeof en>();

function groupsOf(who: Me | undefined): WayGroup[] {
  const groups = [
    {
      label: "",
      ways: [
        { to: "/dashboard", label: t("nav.home"), icon: home },
        { to: "/notifications", label: t("nav.inbox"), icon: bell, count: who?.unread ?? 0 },
      ],
    },
    {
      label: t("nav.settings"),
      ways: [
        { to: "/settings/profile", label: t("nav.profile"), icon: user },
        { to: "/settings/security", label: t("nav.security"), icon: shield },
        { to: "/settings/sessions", label: t("nav.sessions"), icon: device },
        { to: "/settings/security-log", label: t("nav.log"), icon: list },
        { to: "/settings/notifications", label: t("nav.channels"), icon: mail },
        { to: "/settings/preferences", label: t("nav.preferences"), icon: sliders },
        { to: "/settings/data", label: t("nav.data"), icon: archive },
      ],
    },
  ];
  const admin = { label: t("nav.house"), ways: [{ to: "/admin", label: t("nav.admin"), icon: gauge }] };
  return who?.user.role === "admin" ? [...groups, admin] : groups;
}

async function signOut(): Promise<void> {
  // Otherwise the stream would ask why it ended, and be told that nobody is signed in.
  setPaused(true);
  try {
    await ask(api.POST("/api/auth/logout"));
    location.assign("/login");
  } catch {
    setPaused(false);
    toast(t("out.failed"));
  }
}

function AccountMenu({ who }: { who: Me }) {
  const { name, email } = who.user;
  const items = [
    { label: <span class="who"><strong><bdi>{name || email}</bdi></strong>{name && <bdi dir="ltr">{email}</bdi>}</span>, to: "/settings/profile" },
    null,
    { label: t("nav.preferences"), icon: sliders, to: "/settings/preferences" },
    { label: t("out"), icon: out, act: () => void signOut() },
  ];
  return <Menu label={t("nav.account")} icon={user} items={items} />;
}

/** What ends this very session is told by the stream: there is nothing more to do here then. */
function followSessions(who: Me): void {
  onEvent<{ ended: string[] }>("sessions", ({ ended }) => {
    if (ended.includes(who.session.id)) {
      leaveForLogin();
    }
  });
}

async function begin(): Promise<void> {
  const who = await loadMe();
  followCounts();
  followSessions(who);
  startStream("notifications,sessions");
}

export function Panel() {
  const who = useStore(me);
  useEffect(() => {
    begin().catch(() => undefined);
  }, []);
  const top = who && (
    <>
      <Live />
      <Bell />
      <LookMenu />
      <AccountMenu who={who} />
    </>
  );
  return (
    <>
      <Shell home="/dashboard" screens={SCREENS} groups={groupsOf(who)} top={top} />
      <Freshness />
    </>
  );
}
