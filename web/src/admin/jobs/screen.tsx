// The periodic work: how it has done, when it is due, and a run by hand where that is safe.
import { api, ask, type Schema } from "../../lib/api/client";
import { formatDuration, formatNumber } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Badge } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { clock, play, refresh } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { type Column, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import { toast } from "../../ui/toast";
import type en from "./en";

const t = wordsOf<typeof en>();

type Job = Schema<"Job">;

const nameOf = ({ name }: Job): string => t.maybe(`job.${name}`, name);

function State({ job }: { job: Job }) {
  if (job.last_error) {
    return <Badge tone="bad">{t("jobs.failed")}</Badge>;
  }
  return job.last_at ? <Badge tone="good">{t("jobs.ok")}</Badge> : <Badge>{t("jobs.not_yet")}</Badge>;
}

/** Why a run failed, or what it did: its figures as they are, which are few and named by the server. */
function Did({ job }: { job: Job }) {
  if (job.last_error) {
    return <bdi class="wrong">{job.last_error}</bdi>;
  }
  if (job.failures > 0) {
    return <span class="soft">{t.many("jobs.failures", job.failures)}</span>;
  }
  const did = Object.entries((job.last_did ?? {}) as Record<string, unknown>).filter(([, value]) => typeof value === "number" && value !== 0).filter(([name]) => !name.includes("_ns"));
  return did.length === 0 ? null : (
    <bdi dir="ltr" class="soft">
      {did.map(([name, value]) => `${name} ${String(value)}`).join(" · ")}
    </bdi>
  );
}

function Run({ job, onDone }: { job: Job; onDone(): void }) {
  const act = useAct(async () => {
    const { error } = await ask(api.POST("/api/admin/jobs/{name}/run", { params: { path: { name: job.name } } }));
    toast(error ?? t("jobs.ran", { name: nameOf(job) }));
    onDone();
  });
  return (
    <>
      <Button isSmall icon={play} isBusy={act.isBusy} aria-label={t("jobs.run.of", { name: nameOf(job) })} onClick={() => void act.run()}>
        {t("jobs.run")}
      </Button>
      {act.problem && <ProblemNotice problem={act.problem} onOver={act.clear} />}
    </>
  );
}

function columns(onDone: () => void): Column<Job>[] {
  return [
    {
      name: "name",
      label: t("jobs.name"),
      cell: (job) => (
        <div class="what wide">
          <span>{nameOf(job)}</span>
          <bdi dir="ltr" class="soft">
            <code>{job.name}</code>
          </bdi>
          <Did job={job} />
        </div>
      ),
    },
    { name: "state", label: t("jobs.state"), cell: (job) => <State job={job} /> },
    { name: "every", label: t("jobs.every"), isNumber: true, cell: (job) => formatDuration(job.every_ms) },
    { name: "last", label: t("jobs.last"), cell: (job) => (job.last_at ? <Time at={job.last_at} /> : "–") },
    { name: "next", label: t("jobs.next"), cell: (job) => (job.next_at ? <Time at={job.next_at} /> : "–") },
    { name: "took", label: t("jobs.took"), isNumber: true, cell: (job) => (job.last_at ? formatDuration(job.last_took_ms) : "–") },
    { name: "runs", label: t("jobs.runs"), isNumber: true, cell: (job) => formatNumber(job.runs) },
    { name: "acts", label: "", cell: (job) => (job.by_hand ? <Run job={job} onDone={onDone} /> : null) },
  ];
}

export default function Jobs() {
  const jobs = useLoad(() => ask(api.GET("/api/admin/jobs")));
  const again = (
    <Button icon={refresh} isBusy={jobs.isBusy} onClick={jobs.reload}>
      {t("jobs.again")}
    </Button>
  );
  return (
    <Screen title={t("jobs.title")} says={t("jobs.says")} actions={again}>
      <div class="card">
        <Block loaded={jobs} isEmpty={({ items }) => items.length === 0} empty={<Nothing icon={clock} title={t("jobs.none")} />}>
          {({ items }) => <Table label={t("jobs.title")} columns={columns(jobs.reload)} rows={items} keyOf={({ name }) => name} />}
        </Block>
      </div>
    </Screen>
  );
}
