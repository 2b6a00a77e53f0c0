// One alert: its cause, the symptoms below it, its course, the values that were judged, and what the doctor found.
import { useEffect, useMemo } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { Problem } from "../../lib/api/problem";
import { formatMoment } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { go } from "../../lib/router";
import { onEvent } from "../../lib/stream";
import { type Params } from "../../lib/screens";
import { wordsOf } from "../../lib/words";
import { Block } from "../../ui/block";
import { Button, ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { stethoscope } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { nameOfCause } from "../watch/cause";
import { formatFigure } from "../watch/figure";
import { MetricChart } from "../watch/metric-chart";
import "../watch/watch.css";
import { AlertBadge, isOver, Lasting, nameOfRule } from "./alert-row";
import "./alerts.css";
import { chartOf } from "./chart-of";
import type en from "./en";
import { SilenceButton } from "./silences";

const t = wordsOf<typeof en>();

type Alert = Schema<"Alert">;

/** Alerts of the past are looked for among so many. */
const PAST = 200;

async function find(id: string): Promise<Alert> {
  const [now, past] = await Promise.all([ask(api.GET("/api/admin/alerts")), ask(api.GET("/api/admin/alerts/past", { params: { query: { limit: PAST } } }))]);
  const found = [...now.alerts, ...past.alerts].find((one) => one.id === id);
  if (found === undefined) {
    throw new Problem({ status: 404, code: "request.not_found", title: t("alert.gone"), detail: t("alert.gone.do") });
  }
  return found;
}

/** What is shown before and after an alert, in seconds. */
const AROUND_S = 1_800;

function Course({ of }: { of: Alert }) {
  const steps: [string, string | null | undefined][] = [
    [t("course.began"), of.began_at],
    [t("course.fired"), of.fired_at],
    [t("course.resolved"), of.resolved_at],
  ];
  return (
    <ol class="events">
      {steps.map(([name, at]) =>
        typeof at === "string" ? (
          <li key={name}>
            <span class="soft">{formatMoment(at)}</span>
            <span>
              {name}
              {at === of.fired_at && name === t("course.fired") && <span class="soft"> · {t(of.told_firing ? "course.told" : "course.untold")}</span>}
              {name === t("course.resolved") && <span class="soft"> · {t(of.told_resolved ? "course.told" : "course.untold")}</span>}
            </span>
          </li>
        ) : null,
      )}
      {!isOver(of) && (
        <li>
          <span class="soft">{t("course.now")}</span>
          <span>{t(`state.${of.state}`)}</span>
        </li>
      )}
    </ol>
  );
}

/** Where a cause is looked into. */
function causeHref(cause: string): string | undefined {
  const [kind = "", ...rest] = cause.split(":");
  const name = encodeURIComponent(rest.join(":"));
  return kind === "route" ? `/admin/health/route?name=${name}` : kind === "query" ? `/admin/queries/${name}` : undefined;
}

function Symptoms({ of }: { of: Alert }) {
  return (
    <div class="table-frame">
      <table class="table folds" role="table" aria-label={t("alert.symptoms")}>
        <thead>
          <tr>
            <th scope="col">{t("symptom.rule")}</th>
            <th scope="col">{t("symptom.object")}</th>
            <th scope="col" class="number">
              {t("symptom.value")}
            </th>
            <th scope="col" class="number">
              {t("symptom.threshold")}
            </th>
            <th scope="col">{t("symptom.state")}</th>
          </tr>
        </thead>
        <tbody>
          {of.symptoms.map((one) => (
            <tr key={`${one.rule} ${one.object}`} role="row">
              <td role="cell">{nameOfRule(one.rule)}</td>
              <td role="cell" data-label={t("symptom.object")}>
                <bdi dir="ltr">{one.object || "–"}</bdi>
              </td>
              <td role="cell" class="number" data-label={t("symptom.value")}>
                {formatFigure(one.value, one.unit)}
              </td>
              <td role="cell" class="number" data-label={t("symptom.threshold")}>
                {formatFigure(one.threshold, one.unit)}
              </td>
              <td role="cell" data-label={t("symptom.state")}>
                {t(`state.${one.state}`)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Values({ of }: { of: Alert }) {
  const range = useMemo(() => {
    const from = new Date(of.began_at).getTime() / 1000 - AROUND_S;
    const end = typeof of.resolved_at === "string" ? new Date(of.resolved_at).getTime() / 1000 : Date.now() / 1000;
    const until = Math.min(Date.now() / 1000, end + AROUND_S);
    return { name: "custom" as const, from, until, key: `${of.id} ${of.resolved_at}` };
  }, [of.id, of.resolved_at]);
  const marks = useMemo(() => [{ at: new Date(of.fired_at).getTime() / 1000, label: t("course.fired") }, ...(typeof of.resolved_at === "string" ? [{ at: new Date(of.resolved_at).getTime() / 1000, label: t("course.resolved") }] : [])], [of.resolved_at]);
  const charts = of.symptoms.slice(0, 4).map(chartOf);
  return (
    <div class="charts">
      {charts.map((chart, at) => (
        <MetricChart key={at} {...chart} range={range} marks={marks} />
      ))}
    </div>
  );
}

function Doctor({ of }: { of: Alert }) {
  const act = useAct(async () => {
    const { id } = await ask(api.POST("/api/admin/examinations", { body: {} }));
    go(`/admin/doctor/${id}`);
  });
  return (
    <>
      {of.examination && (
        <ButtonLink look="primary" icon={stethoscope} to={`/admin/doctor/${of.examination}`}>
          {t("alert.examination")}
        </ButtonLink>
      )}
      {!isOver(of) && (
        <Button icon={stethoscope} look={of.examination ? "" : "primary"} isBusy={act.isBusy} onClick={() => void act.run()}>
          {t("alert.examine")}
        </Button>
      )}
      {act.problem && <ProblemNotice problem={act.problem} />}
    </>
  );
}

export default function OneAlert({ params }: { params: Params }) {
  const { id = "" } = params;
  const alert = useLoad(() => find(id), id);
  useEffect(() => onEvent("alert", alert.reload), [alert.reload]);
  const found = alert.data;
  const actions = found && (
    <>
      <Doctor of={found} />
      {!isOver(found) && <SilenceButton cause={found.cause} onDone={alert.reload} />}
    </>
  );
  const up = (
    <a class="up" href="/admin/alerts">
      {t("alert.up")}
    </a>
  );
  const href = found && causeHref(found.cause);
  return (
    <Screen title={found ? nameOfCause(found.cause) : t("alert.title")} says={up} actions={actions}>
      <Block loaded={alert}>
        {(one) => (
          <div class="stack wide-gap">
            <Card title={t("alert.cause")} action={<AlertBadge of={one} />}>
              <div class="stack">
                <p>
                  {t(one.measured ? "alert.measured" : "alert.unmeasured")} <Lasting of={one} />.
                </p>
                {one.holder && (
                  <p>
                    {t.rich("alert.holder", { holder: <bdi dir="ltr">{one.holder}</bdi> })}
                  </p>
                )}
                {href && <a href={href}>{t("alert.look")}</a>}
                <Course of={one} />
              </div>
            </Card>
            <Card title={t("alert.symptoms")} says={t("alert.symptoms.says")} isBare>
              <Symptoms of={one} />
            </Card>
            <Card title={t("alert.values")}>
              <Values of={one} />
            </Card>
          </div>
        )}
      </Block>
    </Screen>
  );
}
