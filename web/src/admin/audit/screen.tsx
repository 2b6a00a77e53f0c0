// The audit trail: found by what, when and whom it concerns, and taken along.
import { useMemo } from "preact/hooks";

import { useAct } from "../../lib/load";
import { place } from "../../lib/router";
import { saveFile } from "../../lib/save";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Button } from "../../ui/button";
import { clearQuery, Filters, PickFilter, SearchFilter } from "../../ui/filters";
import { freshly } from "../../ui/fresh";
import { download } from "../../ui/icons";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import saidIn from "../said/en";
import { wordCode } from "../said/event";
import type en from "./en";
import { Trail, type TrailQuery } from "./trail";

const t = wordsOf<typeof en>();

const FILTERS = ["subject", "whose", "code", "range"] as const;
const HOURS: Record<string, number> = { h1: 1, d1: 24, d7: 168, d30: 720 };
/** ALL codes the panel has words for. */
const CODES = Object.keys(saidIn).flatMap((key) => (key.startsWith("audit.") ? [key.slice("audit.".length)] : []));

function wantedOf(query: URLSearchParams): TrailQuery {
  const subject = query.get("subject") ?? "";
  const hours = HOURS[query.get("range") ?? ""];
  return {
    ...(subject && { [query.get("whose") === "by" ? "actor" : "subject"]: subject }),
    ...(query.get("code") && { code: query.get("code") ?? "" }),
    ...(hours && { from: new Date(Date.now() - hours * 3_600_000).toISOString() }),
  };
}

export default function Audit() {
  const { query } = useStore(place);
  const key = FILTERS.map((name) => query.get(name) ?? "").join("\n");
  // The range ends now, and now is when it was chosen: else every drawing would ask anew.
  const wanted = useMemo(() => wantedOf(query), [key]);
  const act = useAct(() => freshly(() => saveFile(`/api/admin/audit/export?${new URLSearchParams(wanted)}`, "audit.ndjson")));
  const codes = CODES.map((value) => ({ value, label: wordCode(value) })).toSorted((a, b) => a.label.localeCompare(b.label, document.documentElement.lang));
  const ranges = Object.keys(HOURS).map((value) => ({ value, label: t.maybe(`audit.range.${value}`, value) }));
  const actions = (
    <Button icon={download} title={t("audit.export.says")} isBusy={act.isBusy} onClick={() => void act.run()}>
      {t("audit.export")}
    </Button>
  );
  return (
    <Screen title={t("audit.title")} says={t("audit.says")} actions={actions}>
      {act.problem && <ProblemNotice problem={act.problem} />}
      <Filters>
        <SearchFilter name="subject" label={t("audit.user.says")} />
        {query.has("subject") && (
          <PickFilter
            name="whose"
            label={t("audit.whose")}
            options={[
              { value: "", label: t("audit.whose.about") },
              { value: "by", label: t("audit.whose.by") },
            ]}
          />
        )}
        <PickFilter name="code" label={t("audit.code")} options={[{ value: "", label: t("audit.code.any") }, ...codes]} />
        <PickFilter name="range" label={t("audit.range")} options={[{ value: "", label: t("audit.range.any") }, ...ranges]} />
      </Filters>
      <div class="card">
        <Trail query={wanted} none={t("audit.none")} isFiltered={key.trim() !== ""} onClear={() => clearQuery(FILTERS)} />
      </div>
    </Screen>
  );
}
