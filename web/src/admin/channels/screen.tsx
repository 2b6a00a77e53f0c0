// How messages leave the house: the outbox, webhooks, and the keys of applications.
import { useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Screen } from "../../ui/screen";
import { Tabs } from "../../ui/tabs";
import type en from "./en";
import { Keys } from "./keys";
import { Outbox } from "./outbox";
import { Webhooks } from "./webhooks";

const t = wordsOf<typeof en>();

const TABS = { mail: Outbox, webhooks: Webhooks, keys: Keys } as const;
type Tab = keyof typeof TABS;

export default function Channels() {
  const asked = useQuery("tab");
  const tab: Tab = asked in TABS ? (asked as Tab) : "mail";
  const Shown = TABS[tab];
  const tabs = (Object.keys(TABS) as Tab[]).map((name) => ({
    to: name === "mail" ? "/admin/channels" : `/admin/channels?tab=${name}`,
    label: t(`out.tab.${name}`),
    isCurrent: name === tab,
  }));
  return (
    <Screen title={t("out.title")} says={t("out.says")}>
      <Tabs label={t("out.title")} tabs={tabs} />
      <Shown />
    </Screen>
  );
}
