// The six figures that say how the server does, each against its limit and over the last hour.
import type { ComponentChildren } from "preact";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatBytes, formatDuration, formatNumber, formatPercent } from "../../lib/format";
import { type Loaded, useLoad } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Bones } from "../../ui/block";
import { ProblemNotice } from "../../ui/problem";
import { Figure } from "../parts/figure";
import { type Figure as Which, Spark, type SeriesWanted, useSeries, valueOf } from "../parts/series";
import type en from "./en";

const t = wordsOf<typeof en>();

const HOURS = 1;
const NS_MS = 1e6;
/** As many values as the rules of percentiles want before they judge. */
const LEAST = 10;

type Rules = Loaded<Schema<"Rule">[]>;

interface TileProps {
  label: string;
  wanted: SeriesWanted;
  /** The rule whose threshold is its limit, in the rule's own unit times `scale`. */
  limit: number | undefined;
  target?: number | undefined;
  format(value: number): string;
  /** The figure of the whole hour, when it is not the last one. */
  ofWhole?: Which;
  says?: ComponentChildren;
}

function thresholdOf(rules: Rules, code: string, scale = 1): number | undefined {
  const rule = rules.data?.find((one) => one.code === code);
  return rule?.enabled ? rule.threshold * scale : undefined;
}

/** What stands below the number: the limit, and the target where there is one. */
function limits({ limit, target, format, says }: TileProps): ComponentChildren {
  if (says || limit === undefined) {
    return says ?? "";
  }
  return target === undefined ? t("overview.tile.limit", { n: format(limit) }) : t("overview.tile.target", { target: format(target), n: format(limit) });
}

function Tile(props: TileProps) {
  const { label, wanted, limit, target, format, ofWhole } = props;
  const loaded = useSeries(wanted);
  const { data, problem } = loaded;
  if (data === undefined) {
    return (
      <div class="figure">
        <span class="label">{label}</span>
        {problem ? <ProblemNotice problem={problem} onRetry={loaded.reload} /> : <Bones rows={2} />}
      </div>
    );
  }
  const values = data.steps.map((step) => valueOf(step, wanted.figure, wanted.divide));
  const value = ofWhole && data.whole ? valueOf(data.whole, ofWhole, wanted.divide) : (values.findLast((one) => one !== null) ?? null);
  const isEnough = !ofWhole || (data.whole?.count ?? 0) >= LEAST;
  const isOver = isEnough && value !== null && limit !== undefined && value > limit;
  const isNear = isEnough && value !== null && target !== undefined && value > target;
  return (
    <Figure label={label} value={value === null ? <span class="soft">{t("overview.tile.none")}</span> : format(value)} tone={isOver ? "bad" : isNear ? "warn" : ""} {...(isOver ? { state: t("overview.tile.over") } : isNear ? { state: t("overview.tile.near") } : {})} says={limits(props)}>
      <Spark values={values} {...(limit !== undefined && { threshold: limit })} />
    </Figure>
  );
}

/** The share of requests that failed, of all of the last hour. */
function Errors({ limit }: { limit: number | undefined }) {
  const loaded = useLoad(async () => {
    const until = new Date();
    const query = { metric: "http_request_ns", by: "count", limit: 200, from: new Date(until.getTime() - HOURS * 3_600_000).toISOString(), until: until.toISOString() };
    const { rows } = await ask(api.GET("/api/admin/monitor/top", { params: { query } }));
    const all = rows.reduce((sum, row) => sum + row.figures.count, 0);
    const failed = rows.filter(({ object }) => / (server_error|timed_out)$/.test(object)).reduce((sum, row) => sum + row.figures.count, 0);
    return { all, failed };
  });
  const share = loaded.data && loaded.data.all > 0 ? loaded.data.failed / loaded.data.all : null;
  const isOver = share !== null && limit !== undefined && share > limit;
  return (
    <Figure
      label={t("overview.tile.errors")}
      value={loaded.problem ? <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} /> : share === null ? <span class="soft">{t("overview.tile.none")}</span> : formatPercent(share)}
      tone={isOver ? "bad" : ""}
      {...(isOver && { state: t("overview.tile.over") })}
      says={limit === undefined ? "" : t("overview.tile.limit", { n: formatPercent(limit, 0) })}
    />
  );
}

/** The query whose 95th percentile is the highest in the last hour. */
function SlowestQuery({ limit }: { limit: number | undefined }) {
  const loaded = useLoad(async () => {
    const until = new Date();
    const query = { metric: "query_ns", by: "p95", from: new Date(until.getTime() - HOURS * 3_600_000).toISOString(), until: until.toISOString(), limit: 50 };
    const { rows } = await ask(api.GET("/api/admin/monitor/top", { params: { query } }));
    // A percentile of a few values is an accident: the rule judges none either.
    return rows.find(({ figures }) => figures.count >= LEAST) ?? null;
  });
  const row = loaded.data;
  const ms = row?.figures.p95 === null || row?.figures.p95 === undefined ? null : row.figures.p95 / NS_MS;
  const isOver = ms !== null && limit !== undefined && ms > limit;
  return (
    <Figure
      label={t("overview.tile.query")}
      value={loaded.problem ? <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} /> : ms === null ? <span class="soft">{t("overview.tile.none")}</span> : formatDuration(ms)}
      tone={isOver ? "bad" : ""}
      {...(isOver && { state: t("overview.tile.over") })}
      says={
        <>
          {row && (
            <bdi dir="ltr">
              <code>{row.object}</code>
            </bdi>
          )}{" "}
          {limit !== undefined && t("overview.tile.limit", { n: formatDuration(limit) })}
        </>
      }
    />
  );
}

function Disk() {
  const free = useSeries({ metric: "disk_free_bytes", hours: HOURS, figure: "last" });
  const left = free.data?.whole?.last;
  return <Tile label={t("overview.tile.disk")} wanted={{ metric: "database_bytes", hours: HOURS, figure: "last" }} limit={undefined} format={formatBytes} says={left === undefined ? "" : t("overview.tile.free", { n: formatBytes(left) })} />;
}

export function Tiles() {
  const rules: Rules = useLoad(async () => (await ask(api.GET("/api/admin/alerts/rules"))).rules);
  return (
    <div class="tiles">
      <Tile label={t("overview.tile.p95")} wanted={{ metric: "http_request_ns", hours: HOURS, figure: "p95", divide: NS_MS }} limit={thresholdOf(rules, "response_slow", 1000)} target={thresholdOf(rules, "response_target", 1000)} format={formatDuration} ofWhole="p95" />
      <Errors limit={thresholdOf(rules, "error_rate")} />
      <Tile label={t("overview.tile.pool")} wanted={{ metric: "pool_use", hours: HOURS, figure: "last" }} limit={thresholdOf(rules, "pool_use")} format={(value) => formatPercent(value)} />
      <Tile label={t("overview.tile.sessions")} wanted={{ metric: "sessions", object: "active", hours: HOURS, figure: "last" }} limit={thresholdOf(rules, "sessions_many")} format={(value) => formatNumber(value)} />
      <SlowestQuery limit={thresholdOf(rules, "query_target", 1000)} />
      <Disk />
    </div>
  );
}
