// One route: its times, where they go, the slowest requests as waterfalls, and what failed.
import { useMemo } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatDuration, formatNumber, formatPercent } from "../../lib/format";
import { useLoad } from "../../lib/load";
import { useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, Notice } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Card } from "../../ui/card";
import { check, clock } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { Time } from "../../ui/time";
import { useAnnotations } from "../watch/annotations";
import { nameOfCause } from "../watch/cause";
import { nameOfPhase, slicesOf, SplitBar, Waterfall } from "../watch/ledger";
import { MetricChart } from "../watch/metric-chart";
import { asked, carried, type Range, useMoving, useRange } from "../watch/range";
import { RangePicker } from "../watch/range-picker";
import { thresholdOf, useRules } from "../watch/rules";
import "../watch/watch.css";
import { countPerSecond, quantiles, short } from "./charts";
import type en from "./en";
import { getRoutes, type RouteRow } from "./routes";

const t = wordsOf<typeof en>();

function Facts({ row, range }: { row: RouteRow; range: Range }) {
  const { p50, p95, p99 } = row.main;
  const facts: [string, string][] = [
    [t("routes.rate"), formatNumber(row.count / (range.until - range.from), { maximumSignificantDigits: 2 })],
    ["p50", formatDuration((p50 ?? 0) / 1e6)],
    [t("routes.p95"), formatDuration((p95 ?? 0) / 1e6)],
    ["p99", formatDuration((p99 ?? 0) / 1e6)],
    [t("routes.max"), formatDuration(row.max / 1e6)],
    [t("routes.failed"), formatPercent(row.failed / row.count)],
    [t("routes.share"), formatPercent(row.share, 0)],
  ];
  return (
    <dl class="figures">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Charts({ row, range }: { row: RouteRow; range: Range }) {
  const rules = useRules();
  const { marks } = useAnnotations(range);
  const [main = ""] = row.objects;
  const charts = useMemo(
    () => [
      { title: t("chart.latency"), unit: "ms", lines: quantiles("http_request_ns", main), thresholds: [...thresholdOf(rules.data, "response_target", 1000), ...thresholdOf(rules.data, "response_slow", 1000)], format: short },
      {
        title: t("chart.rate"),
        unit: t("unit.per_s"),
        lines: row.objects.slice(0, 5).map((object, at) => {
          const kind = object.slice(object.lastIndexOf(" ") + 1);
          return { name: t.maybe(`class.${kind}`, kind), metric: "http_request_ns", object, figure: countPerSecond, isFilled: at === 0, isZeroElsewhere: true };
        }),
        format: short,
      },
    ],
    [row.objects.join(), rules.data],
  );
  return (
    <div class="charts">
      {charts.map((chart) => (
        <MetricChart key={chart.title} {...chart} range={range} marks={marks} />
      ))}
    </div>
  );
}

function Split({ row }: { row: RouteRow }) {
  const whole = row.slices.reduce((sum, { ns }) => sum + ns, 0);
  const ledger = { wall_ns: whole, unexplained_ns: 0, phases: row.slices } as Schema<"Ledger">;
  return <Waterfall ledger={ledger} />;
}

function Slow({ name }: { name: string }) {
  const slowest = useLoad(() => ask(api.GET("/api/admin/monitor/slowest")));
  return (
    <Block
      loaded={slowest}
      isEmpty={({ requests }) => !requests.some((one) => `${one.method} ${one.route}` === name)}
      empty={
        <Nothing icon={check} title={t("route.slow.none")}>
          <p>{t("route.slow.none.says")}</p>
        </Nothing>
      }
    >
      {({ requests }) => (
        <ul class="samples">
          {requests.filter((one) => `${one.method} ${one.route}` === name).map((one) => (
            <li key={one.request_id}>
              <details>
                <summary>
                  <strong class="number">{formatDuration(one.ledger.wall_ns / 1e6)}</strong>
                  <SplitBar slices={slicesOf(one.ledger)} isTall />
                  <span class="soft">
                    <Time at={one.at} />
                  </span>
                  <Badge tone={one.status === 0 || one.status >= 500 ? "bad" : one.status >= 400 ? "warn" : "good"}>{one.status === 0 ? "–" : String(one.status)}</Badge>
                </summary>
                <Waterfall ledger={one.ledger} />
                <p class="soft small">
                  {t.rich("problem.request", { id: <bdi dir="ltr"><code>{one.request_id}</code></bdi> })}
                </p>
              </details>
            </li>
          ))}
        </ul>
      )}
    </Block>
  );
}

function Errors({ name, range }: { name: string; range: Range }) {
  const errors = useLoad(async () => (await ask(api.GET("/api/admin/monitor/errors", { params: { query: asked(range) } }))).errors.filter(({ route }) => route === name), `${name} ${range.key}`);
  return (
    <Block loaded={errors} isEmpty={(all) => all.length === 0} empty={<Nothing icon={check} title={t("route.errors.none")} />}>
      {(all) => (
        <ul class="samples">
          {all.map(({ code, count, last_at, sample }) => (
            <li key={code}>
              <details>
                <summary>
                  <strong class="number">{formatNumber(count)}</strong>
                  <bdi dir="ltr">
                    <code>{code}</code>
                  </bdi>
                  <span class="soft">{last_at && <Time at={last_at} />}</span>
                </summary>
                {sample ? <Waterfall ledger={sample.ledger} /> : <p class="soft small">{t("route.errors.no_sample")}</p>}
                {sample && <p class="soft small">{t.rich("problem.request", { id: <bdi dir="ltr"><code>{sample.request_id}</code></bdi> })}</p>}
              </details>
            </li>
          ))}
        </ul>
      )}
    </Block>
  );
}

/** The measured cause of its slow requests, when there is one. */
function Cause({ name, range }: { name: string; range: Range }) {
  const causes = useLoad(async () => (await ask(api.GET("/api/admin/monitor/causes", { params: { query: asked(range) } }))).causes.find(({ route }) => route === name), `${name} ${range.key}`);
  const found = causes.data;
  if (!found?.cause) {
    return null;
  }
  const values = { cause: <strong>{nameOfCause(found.cause)}</strong>, share: formatPercent(found.share, 0), phase: nameOfPhase(found.phase ?? "") };
  return (
    <Notice tone="warn">
      <p>{t.rich("route.cause", values)}</p>
    </Notice>
  );
}

export default function Route() {
  const name = useQuery("name");
  const range = useRange();
  const routes = useLoad(() => getRoutes(range), `${range.key} ${name}`);
  useMoving(range, routes);
  return (
    <Screen
      title={name}
      says={
        <a class="up" href={`/admin/health?${carried(range)}`}>
          {t("route.up")}
        </a>
      }
    >
      <RangePicker range={range} canCompare />
      <Cause name={name} range={range} />
      <Block
        loaded={routes}
        isEmpty={({ routes: all }) => !all.some((row) => row.name === name)}
        empty={
          <Nothing icon={clock} title={t("route.none")}>
            <p>{t("route.none.says")}</p>
          </Nothing>
        }
      >
        {({ routes: all }) => {
          const row = all.find((one) => one.name === name);
          return row === undefined ? null : (
            <div class="stack wide-gap">
              <Card title={t("route.figures")}>
                <Facts row={row} range={range} />
              </Card>
              <Card title={t("health.group.traffic")}>
                <Charts row={row} range={range} />
              </Card>
              <Card title={t("route.split")} says={t("route.split.says")}>
                <Split row={row} />
              </Card>
            </div>
          );
        }}
      </Block>
      <Card title={t("route.slow")} says={t("route.slow.says")}>
        <Slow name={name} />
      </Card>
      <Card title={t("route.errors")}>
        <Errors name={name} range={range} />
      </Card>
    </Screen>
  );
}
