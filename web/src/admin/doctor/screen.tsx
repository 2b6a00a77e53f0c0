// The doctor: has something examined, shows what is examined just now, and lists what was found before.
import { useEffect, useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { type Loaded, useAct, useLoad, usePages } from "../../lib/load";
import { go, setQuery, useQuery } from "../../lib/router";
import { onEvent } from "../../lib/stream";
import { wordsOf } from "../../lib/words";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { stethoscope } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { More } from "../../ui/table";
import "../watch/watch.css";
import "./doctor.css";
import type en from "./en";
import { ExaminationRow, nameOfTarget } from "./row";

const t = wordsOf<typeof en>();

type Target = Schema<"DoctorTarget">;

function Run({ targets }: { targets: Loaded<Target[]> }) {
  const [target, setTarget] = useState("self");
  const act = useAct(async () => {
    const { id } = await ask(api.POST("/api/admin/examinations", { body: { target } }));
    go(`/admin/doctor/${id}`);
  });
  return (
    <Card title={t("doctor.run.title")} says={t("doctor.run.says")}>
      <Block loaded={targets}>
        {(all) => (
          <div class="stack">
            <div class="targets" role="radiogroup" aria-label={t("doctor.target")}>
              {all.map((one) => (
                <label key={one.name} class="target">
                  <input type="radio" name="target" checked={target === one.name} onChange={() => setTarget(one.name)} />
                  <strong dir="auto">{nameOfTarget(one.name)}</strong>
                  <bdi dir="ltr" class="soft small">
                    {one.place}
                  </bdi>
                </label>
              ))}
            </div>
            {act.problem && <ProblemNotice problem={act.problem} onOver={act.clear} />}
            <div class="row">
              <Button look="primary" icon={stethoscope} isBusy={act.isBusy} onClick={() => void act.run()}>
                {t("doctor.run")}
              </Button>
              <span class="soft small">{t("doctor.run.harmless")}</span>
            </div>
          </div>
        )}
      </Block>
    </Card>
  );
}

function Past({ targets }: { targets: readonly Target[] }) {
  const target = useQuery("target");
  const pages = usePages((after) => ask(api.GET("/api/admin/examinations", { params: { query: { ...(target && { target }), ...(after !== undefined && { after }) } } })), target);
  useEffect(() => onEvent<{ stage: string | null }>("examination", ({ stage }) => stage === null && pages.reload()), [pages.reload]);
  const filter = targets.length > 1 && (
    <select class="input pick" aria-label={t("doctor.target")} value={target} onChange={(event) => setQuery({ target: event.currentTarget.value })}>
      <option value="">{t("doctor.every_target")}</option>
      {targets.map(({ name }) => (
        <option key={name} value={name}>
          {nameOfTarget(name)}
        </option>
      ))}
    </select>
  );
  return (
    <Card title={t("doctor.past")} action={filter} isBare>
      <Block
        loaded={pages}
        isEmpty={({ items }) => items.length === 0}
        isFiltered={target !== ""}
        onClear={() => setQuery({ target: undefined })}
        empty={
          <Nothing icon={stethoscope} title={t("doctor.none")}>
            <p>{t("doctor.none.says")}</p>
          </Nothing>
        }
      >
        {({ items }) => (
          <ul class="exams">
            {items.map((one) => (
              <ExaminationRow key={one.id} of={one} />
            ))}
          </ul>
        )}
      </Block>
      <More pages={pages} />
    </Card>
  );
}

export default function Doctor() {
  const targets = useLoad(async () => (await ask(api.GET("/api/admin/doctor/targets"))).targets);
  return (
    <Screen title={t("doctor.title")} says={t("doctor.says")}>
      <Run targets={targets} />
      <Past targets={targets.data ?? []} />
    </Screen>
  );
}
