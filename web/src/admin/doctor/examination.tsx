// One examination: its steps while it goes on, its report once it is done, and what changed since another one.
import { useEffect } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatDuration, formatMoment } from "../../lib/format";
import { type Loaded, useAct, useLoad } from "../../lib/load";
import { language } from "../../lib/preferences";
import { setQuery, useQuery } from "../../lib/router";
import type { Params } from "../../lib/screens";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Notice } from "../../ui/badge";
import { Block } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { download } from "../../ui/icons";
import { Menu } from "../../ui/popover";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import "../watch/watch.css";
import { Comparison } from "./compare";
import "./doctor.css";
import type en from "./en";
import { Findings } from "./finding";
import { Proofs } from "./proof";
import type { Report } from "./report";
import { Rest } from "./rest";
import { isOpen, nameOfTarget, OutcomeBadge } from "./row";
import { Verdict } from "./verdict";

const t = wordsOf<typeof en>();

type Whole = Schema<"ExaminationWithReport">;

/** While it goes on it is asked for so often, should the stream be away. */
const EVERY_MS = 2_000;

const STAGES = ["discover", "probe", "inspect", "judge", "repair", "prove", "report"] as const;

function Progress({ of, onDone }: { of: Whole; onDone(): void }) {
  const { examination, progress } = of;
  const act = useAct(async () => {
    await ask(api.POST("/api/admin/examinations/{id}/cancel", { params: { path: { id: examination.id } } }));
    onDone();
  });
  const current = progress.at(-1);
  const stages = STAGES.filter((stage) => examination.repair || (stage !== "repair" && stage !== "prove"));
  const reached = stages.findIndex((stage) => stage === current?.stage);
  return (
    <Card
      title={t(`exam.${examination.state}`)}
      says={t(`exam.${examination.state}.says`)}
      action={
        <Button isSmall isBusy={act.isBusy} onClick={() => void act.run()}>
          {t("exam.cancel")}
        </Button>
      }
    >
      <div class="stack">
        {act.problem && <ProblemNotice problem={act.problem} />}
        <ol class="stages" aria-label={t("exam.stages")}>
          {stages.map((stage, at) => (
            <li key={stage} aria-current={at === reached ? "step" : undefined} class={at < reached ? "past" : at === reached ? "now" : ""}>
              {t(`stage.${stage}`)}
            </li>
          ))}
        </ol>
        <p role="status" class="now-doing">
          <span class="spin" aria-hidden="true" />
          <bdi dir="auto">{current?.detail ?? t("exam.waits")}</bdi>
        </p>
        <details class="small">
          <summary>{t.many("exam.steps", progress.length)}</summary>
          <ol class="events">
            {progress.map((step) => (
              <li key={`${step.at} ${step.detail}`}>
                <span class="soft">{formatMoment(step.at)}</span>
                <bdi dir="auto">{step.detail}</bdi>
              </li>
            ))}
          </ol>
        </details>
      </div>
    </Card>
  );
}

function Export({ id }: { id: string }) {
  const to = (format: string, lang: string) => `/api/admin/examinations/${id}/report?format=${format}&language=${lang}`;
  return (
    <Menu
      label={t("exam.export")}
      icon={download}
      items={[
        { label: `${t("export.page")} · English`, to: to("html", "en") },
        { label: `${t("export.page")} · فارسی`, to: to("html", "fa") },
        null,
        { label: "Markdown · English", to: to("markdown", "en") },
        { label: "Markdown · فارسی", to: to("markdown", "fa") },
        null,
        { label: "JSON", to: to("json", language) },
      ]}
    />
  );
}

/** Chooses another examination of the same target to compare with. */
function CompareWith({ of }: { of: Schema<"Examination"> }) {
  const others = useLoad(() => ask(api.GET("/api/admin/examinations", { params: { query: { target: of.target, limit: 50 } } })), of.target);
  const wanted = useQuery("with");
  const choices = (others.data?.items ?? []).filter(({ id, state }) => id !== of.id && state === "done");
  return choices.length === 0 ? null : (
    <select class="input pick" aria-label={t("compare.with")} value={wanted} onChange={(event) => setQuery({ with: event.currentTarget.value })}>
      <option value="">{t("compare.with")}</option>
      {choices.map(({ id, ordered_at, outcome }) => (
        <option key={id} value={id}>
          {formatMoment(ordered_at)} · {outcome && t(`outcome.${outcome}`)}
        </option>
      ))}
    </select>
  );
}

function Done({ of, report }: { of: Schema<"Examination">; report: Report }) {
  const compared = useQuery("with");
  return (
    <>
      <Verdict of={of} report={report} />
      {compared && <Comparison report={report} id={compared} />}
      {report.applied.length > 0 && <Proofs applied={report.applied} />}
      <Findings of={of} report={report} />
      <Rest report={report} />
    </>
  );
}

function Ended({ of }: { of: Schema<"Examination"> }) {
  return <Notice tone={of.state === "failed" ? "bad" : "note"}>{of.failure ? t.maybe(`failure.${of.failure}`, of.failure) : t(`exam.${of.state}.says`)}</Notice>;
}

function Body({ loaded }: { loaded: Loaded<Whole> }) {
  return (
    <Block loaded={loaded}>
      {(whole) => {
        const { examination, report } = whole;
        if (isOpen(examination)) {
          return <Progress of={whole} onDone={loaded.reload} />;
        }
        return report ? (
          <div class="stack wide-gap">
            <Done of={examination} report={report as unknown as Report} />
          </div>
        ) : (
          <Ended of={examination} />
        );
      }}
    </Block>
  );
}

export default function OneExamination({ params }: { params: Params }) {
  const { id = "" } = params;
  const loaded = useLoad(() => ask(api.GET("/api/admin/examinations/{id}", { params: { path: { id }, query: { language } } })), id);
  const examination = loaded.data?.examination;
  const goesOn = examination !== undefined && isOpen(examination);
  useEffect(() => onEvent<{ id: string }>("examination", (told) => told.id === id && loaded.reload()), [id, loaded.reload]);
  useEffect(() => {
    if (!goesOn) {
      return undefined;
    }
    const timer = setInterval(loaded.reload, EVERY_MS);
    return () => clearInterval(timer);
  }, [goesOn, loaded.reload]);
  const says = (
    <a class="up" href="/admin/doctor">
      {t("exam.up")}
    </a>
  );
  const actions = examination?.state === "done" && (
    <>
      <CompareWith of={examination} />
      <Export id={id} />
    </>
  );
  return (
    <Screen title={examination ? t("exam.title", { target: nameOfTarget(examination.target) }) : t("doctor.title")} says={says} actions={actions}>
      {examination && (
        <p class="soft small exam-facts">
          <OutcomeBadge of={examination} /> {formatMoment(examination.ordered_at)}
          {typeof examination.took_ms === "number" && ` · ${formatDuration(examination.took_ms)}`} · {t(`begun.${examination.begun_by}`)}
          {examination.repair && (
            <>
              {" · "}
              <a href={`/admin/doctor/${examination.repair.of}`}>{t("exam.repair_of")}</a>
            </>
          )}
        </p>
      )}
      <Body loaded={loaded} />
    </Screen>
  );
}

