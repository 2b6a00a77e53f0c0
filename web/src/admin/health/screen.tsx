// Health: how the server does over a stretch of time, what it rests on, and which routes take the time.
import { useEffect, useMemo } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { useLoad } from "../../lib/load";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import type { Mark } from "../../ui/chart";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Card } from "../../ui/card";
import { clock } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import { type Annotation, nameOfAnnotation, useAnnotations } from "../watch/annotations";
import { MetricChart } from "../watch/metric-chart";
import { type Range, useMoving, useRange } from "../watch/range";
import { RangePicker } from "../watch/range-picker";
import { useRules } from "../watch/rules";
import "../watch/watch.css";
import { type ChartGroup, groupsOf } from "./charts";
import type en from "./en";
import { getRoutes } from "./routes";
import { RouteTable } from "./table";

const t = wordsOf<typeof en>();

function Resource({ of }: { of: Schema<"ResourceState"> }) {
  return (
    <li>
      <Badge tone={of.code === null || of.code === undefined ? "good" : "bad"}>{t(`resource.${of.resource}`)}</Badge>
      <span class="soft small">
        <bdi dir="ltr">{of.detail}</bdi>
      </span>
      {of.holder && (
        <span class="small">
          {t.rich("health.holder", { pid: String(of.holder.pid), command: <bdi dir="ltr"><code>{of.holder.command}</code></bdi> })}
        </span>
      )}
    </li>
  );
}

/** What the canary found when it last tried each resource. */
function Canary() {
  const health = useLoad(() => ask(api.GET("/api/admin/monitor/health")));
  useEffect(() => onEvent("health", health.reload), [health.reload]);
  return (
    <Card title={t("health.canary")} says={t("health.canary.says")} action={health.data && <Badge tone={health.data.ready ? "good" : "bad"}>{t(health.data.ready ? "health.ready" : "health.not_ready")}</Badge>}>
      <Block loaded={health}>
        {(found) => (
          <ul class="resources">
            {found.resources.map((one) => (
              <Resource key={one.resource} of={one} />
            ))}
          </ul>
        )}
      </Block>
    </Card>
  );
}

function Group({ group, range, marks }: { group: ChartGroup; range: Range; marks: readonly Mark[] }) {
  return (
    <Card title={t(`health.group.${group.name}`)}>
      <div class="charts">
        {group.charts.map((chart) => (
          <MetricChart key={chart.title} {...chart} range={range} marks={marks} />
        ))}
      </div>
    </Card>
  );
}

const LISTED = 30;

function Events({ annotations }: { annotations: readonly Annotation[] }) {
  return annotations.length === 0 ? (
    <Nothing icon={clock} title={t("health.events.none")} />
  ) : (
    <ol class="events">
      {annotations.slice(-LISTED).toReversed().map((one) => (
        <li key={`${one.at} ${one.code}`}>
          <span class="soft">
            <Time at={one.at} />
          </span>
          <span dir="auto">{nameOfAnnotation(one)}</span>
        </li>
      ))}
    </ol>
  );
}

/** How far back there is anything to see. */
function Reach() {
  const facts = useLoad(() => ask(api.GET("/api/admin/monitor/history")));
  const oldest = facts.data?.tiers.map(({ reaches_to }) => reaches_to).filter((at) => typeof at === "string").toSorted()[0];
  if (facts.data && !facts.data.recording) {
    return <>{t("health.silent")}</>;
  }
  return <>{oldest ? t.rich("health.reaches", { at: <Time at={oldest} /> }) : t("health.reaches.none")}</>;
}

export default function Health() {
  const range = useRange();
  const rules = useRules();
  const { loaded, marks } = useAnnotations(range);
  const routes = useLoad(() => getRoutes(range), range.key);
  useMoving(range, routes);
  useMoving(range, loaded);
  const groups = useMemo(() => groupsOf(rules.data, routes.data?.objects ?? []), [rules.data, failedOf(routes.data?.objects)]);
  return (
    <Screen title={t("health.title")} says={<Reach />}>
      <RangePicker range={range} canCompare />
      <Canary />
      {groups.slice(0, 1).map((group) => (
        <Group key={group.name} group={group} range={range} marks={marks} />
      ))}
      <Card title={t("health.routes")} says={t("health.routes.says")} isBare>
        <Block loaded={routes} isEmpty={({ routes: all }) => all.length === 0} empty={<Nothing icon={clock} title={t("health.routes.none")}><p>{t("health.routes.none.says")}</p></Nothing>}>
          {({ routes: all }) => <RouteTable routes={all} range={range} />}
        </Block>
      </Card>
      {groups.slice(1).map((group) => (
        <Group key={group.name} group={group} range={range} marks={marks} />
      ))}
      <Card title={t("health.events")} says={t("health.events.says")}>
        <Block loaded={loaded}>{(annotations) => <Events annotations={annotations} />}</Block>
      </Card>
    </Screen>
  );
}

/** Which kinds of failure there were: only when these change, other lines are asked for. */
function failedOf(objects: readonly Schema<"TopRow">[] = []): string {
  return objects.map(({ object }) => object).filter((object) => /(server_error|timed_out|refused)$/.test(object)).join();
}
