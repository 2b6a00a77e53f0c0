// The overview: how Galen is, in one sentence; then the figures, what fires, and what happened last.
import { useEffect } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatNumber, formatRelative } from "../../lib/format";
import { type Loaded, useLoad } from "../../lib/load";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Bones, Nothing } from "../../ui/block";
import { ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { Icon } from "../../ui/icon";
import { alert, check, circle } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import { Trail } from "../audit/trail";
import { SeriesChart } from "../parts/series";
import type said from "../said/en";
import type en from "./en";
import "./overview.css";
import { Tiles } from "./tiles";

const t = wordsOf<typeof en & typeof said>();

type Health = Schema<"Health">;
type Alert = Schema<"Alert">;
type House = Schema<"Overview">;

const nameOf = (symptom: Schema<"Symptom">): string => t.maybe(`rule.${symptom.rule}`, symptom.rule);

function AlertWords({ of }: { of: Alert }) {
  const [first] = of.symptoms;
  return (
    <>
      {first ? nameOf(first) : of.cause}
      {first?.object && (
        <>
          {" · "}
          <bdi dir="ltr">{first.object}</bdi>
        </>
      )}
    </>
  );
}

/** How it is, in one sentence. */
function Verdict({ health, alerts }: { health: Health; alerts: readonly Alert[] }) {
  const problems = alerts.length + (health.ready ? 0 : 1);
  const isWell = problems === 0;
  return (
    <div class={isWell ? "verdict" : "verdict bad"} role="status">
      <Icon d={isWell ? check : alert} />
      <div>
        <strong>{isWell ? t("overview.well") : health.ready ? t.many("overview.problems", problems) : t("overview.not_ready")}</strong>
        {isWell && <p>{t("overview.well.says")}</p>}
        {!health.ready && <p>{t("overview.not_ready.says")}</p>}
        {!isWell && (
          <ul>
            {alerts.slice(0, 3).map((one) => (
              <li key={one.id}>
                <AlertWords of={one} /> {t("overview.since", { ago: formatRelative(one.began_at) })}
              </li>
            ))}
          </ul>
        )}
        <p>{t("overview.checked", { ago: formatRelative(health.checked_at) })}</p>
      </div>
    </div>
  );
}

function Firing({ loaded }: { loaded: Loaded<Alert[]> }) {
  return (
    <Card title={t("overview.alerts")} isBare>
      <Block loaded={loaded} isEmpty={(all) => all.length === 0} empty={<Nothing icon={check} title={t("overview.alerts.none")} />}>
        {(all) => (
          <ul class="lines-list">
            {all.map((one) => (
              <li key={one.id}>
                <span>
                  <AlertWords of={one} />
                </span>
                <span class="row">
                  <Badge tone={one.severity === "critical" ? "bad" : "warn"}>{t(`severity.${one.severity}`)}</Badge>
                  <Time at={one.fired_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}

function Resources({ health }: { health: Health }) {
  return (
    <Card title={t("overview.resource")} isBare>
      <ul class="lines-list">
        {health.resources.map(({ resource, code, detail, holder }) => (
          <li key={resource}>
            <span>{t(`overview.resource.of_${resource}`)}</span>
            <span class="row">
              {code && (
                <bdi dir="ltr" class="soft">
                  {detail} {holder && `(${holder.pid}: ${holder.command})`}
                </bdi>
              )}
              <Badge tone={code ? "bad" : "good"}>{t(code ? "overview.resource.ill" : "overview.resource.well")}</Badge>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What there is to do in an installation that is new. */
function First({ of }: { of: House }) {
  const isCaptured = !of.channels.find(({ channel }) => channel === "email")?.is_open;
  const steps = [
    isCaptured && { to: "/admin/settings?q=mail.", says: t("overview.first.mail") },
    of.active_admins < 2 && { to: "/admin/users?open=invite", says: t("overview.first.admin") },
  ].filter((step) => step !== false);
  if (steps.length === 0) {
    return null;
  }
  return (
    <Card title={t("overview.first")} isBare>
      <ul class="lines-list">
        {steps.map(({ to, says }) => (
          <li key={to}>
            <span class="row">
              <Icon d={circle} />
              <a href={to}>{says}</a>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function House({ of }: { of: House }) {
  const mail = of.channels.find(({ channel }) => channel === "email");
  return (
    <Card title={t("overview.house")}>
      <dl class="facts small">
        <dt>{t("overview.version")}</dt>
        <dd>
          <bdi dir="ltr">{of.version}</bdi>
        </dd>
        <dt>{t("overview.uptime")}</dt>
        <dd>
          <Time at={of.started_at} />
        </dd>
        <dt>{t("overview.users")}</dt>
        <dd>
          <a href="/admin/users">{formatNumber(of.users)}</a>
        </dd>
        <dt>{t("overview.admins")}</dt>
        <dd>
          <a href="/admin/users?role=admin&status=active">{formatNumber(of.active_admins)}</a>
        </dd>
        <dt>{t("overview.told")}</dt>
        <dd>{formatNumber(of.notifications)}</dd>
        {mail && (
          <>
            <dt>{t("overview.mail")}</dt>
            <dd>
              <a href="/admin/channels">{t(mail.is_open ? "overview.mail.open" : "overview.mail.captured")}</a>
              {mail.waiting > 0 && ` · ${t.many("overview.waiting", mail.waiting)}`}
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

export default function Overview() {
  const health = useLoad(() => ask(api.GET("/api/admin/monitor/health")));
  const alerts = useLoad(async () => (await ask(api.GET("/api/admin/alerts"))).alerts.filter(({ state }) => state === "firing" || state === "recovering"));
  const house = useLoad(() => ask(api.GET("/api/admin/overview")));
  useEffect(() => onEvent("health", health.reload), []);
  useEffect(() => onEvent("alert", alerts.reload), []);
  return (
    <Screen title={t("overview.title")}>
      <Block loaded={health} skeleton={<Bones rows={2} />}>
        {(found) => <Verdict health={found} alerts={alerts.data ?? []} />}
      </Block>
      <Tiles />
      <div class="columns">
        <div class="stack">
          <Firing loaded={alerts} />
          <div class="card">
            <div class="inside">
              <SeriesChart title={t("overview.signins")} metric="login_failures" hours={24} figure="sum" format={(value) => formatNumber(value)} />
            </div>
          </div>
          <Block loaded={house}>
            {(found) => (
              <>
                <First of={found} />
                <House of={found} />
              </>
            )}
          </Block>
        </div>
        <div class="stack">
          <Card title={t("overview.audit")} action={<ButtonLink to="/admin/audit" isSmall look="quiet">{t("overview.audit.all")}</ButtonLink>} isBare>
            <Trail query={{}} none={t("overview.audit.none")} most={10} />
          </Card>
          {health.data && <Resources health={health.data} />}
        </div>
      </div>
    </Screen>
  );
}
