// Alerts: what fires, by which rules, what is silenced, and what there was.
import { useEffect } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useLoad, usePages } from "../../lib/load";
import { useQuery } from "../../lib/router";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Notice } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Card } from "../../ui/card";
import { check, clock } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { More } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import { AlertRow } from "./alert-row";
import "../watch/watch.css";
import "./alerts.css";
import type en from "./en";
import { Rules } from "./rules";
import { SilenceButton, Silences } from "./silences";

const t = wordsOf<typeof en>();

const TABS = ["firing", "rules", "silences", "history"] as const;
type Tab = (typeof TABS)[number];

type Alert = Schema<"Alert">;

function Firing({ loaded }: { loaded: Loaded<Alert[]> }) {
  return (
    <Card title={t("alerts.firing.title")} says={t("alerts.firing.says")} isBare>
      <Block
        loaded={loaded}
        isEmpty={(all) => all.length === 0}
        empty={
          <Nothing icon={check} title={t("alerts.none")}>
            <p>{t("alerts.none.says")}</p>
          </Nothing>
        }
      >
        {(all) => (
          <ul class="alert-list">
            {all.map((one) => (
              <AlertRow key={one.id} of={one} />
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}

function History() {
  const pages = usePages(async (before) => {
    const { alerts, next } = await ask(api.GET("/api/admin/alerts/past", { params: { query: before === undefined ? {} : { before } } }));
    return { items: alerts, next };
  });
  return (
    <Card title={t("alerts.history.title")} says={t("alerts.history.says")} isBare>
      <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={<Nothing icon={clock} title={t("alerts.history.none")} />}>
        {({ items }) => (
          <ul class="alert-list">
            {items.map((one) => (
              <AlertRow key={one.id} of={one} />
            ))}
          </ul>
        )}
      </Block>
      <More pages={pages} />
    </Card>
  );
}

export default function Alerts() {
  const named = useQuery("tab");
  const tab: Tab = TABS.find((one) => one === named) ?? "firing";
  const alerts = useLoad(async () => (await ask(api.GET("/api/admin/alerts"))).alerts);
  const silences = useLoad(async () => (await ask(api.GET("/api/admin/alerts/silences"))).silences);
  useEffect(() => onEvent("alert", alerts.reload), [alerts.reload]);
  const counts: Partial<Record<Tab, number>> = { firing: alerts.data?.length ?? 0, silences: silences.data?.length ?? 0 };
  const tabs = TABS.map((one) => ({ to: one === "firing" ? "/admin/alerts" : `/admin/alerts?tab=${one}`, label: t(`alerts.tab.${one}`), count: counts[one] ?? 0, isCurrent: one === tab }));
  const isAllSilent = silences.data?.some(({ matches }) => matches === "*") ?? false;
  return (
    <Screen title={t("alerts.title")} actions={<SilenceButton onDone={silences.reload} />}>
      <Tabs label={t("alerts.title")} tabs={tabs} />
      {isAllSilent && <Notice tone="warn">{t("silences.everything")}</Notice>}
      {tab === "firing" && <Firing loaded={alerts} />}
      {tab === "rules" && <Rules />}
      {tab === "silences" && <Silences loaded={silences} />}
      {tab === "history" && <History />}
    </Screen>
  );
}

