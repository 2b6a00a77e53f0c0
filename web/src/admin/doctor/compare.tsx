// Two examinations of one target: which findings are new, gone or the same, and what the endpoints took.
import { api, ask } from "../../lib/api/client";
import { formatMoment } from "../../lib/format";
import { useLoad } from "../../lib/load";
import { language } from "../../lib/preferences";
import { setQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { check } from "../../ui/icons";
import type en from "./en";
import type { Finding, Report } from "./report";
import { Said } from "./said";

const t = wordsOf<typeof en>();

const keyOf = ({ cause, object }: Finding): string => `${cause} ${object}`;
const allOf = (report: Report): Finding[] => [...report.findings, ...report.hygiene];

const TONES: Record<"new" | "gone" | "same", Tone> = { new: "bad", gone: "good", same: "" };

function rowsOf(now: Report, before: Report): { kind: "new" | "gone" | "same"; finding: Finding }[] {
  const [here, there] = [allOf(now), allOf(before)];
  const [hereKeys, thereKeys] = [new Set(here.map(keyOf)), new Set(there.map(keyOf))];
  return [
    ...here.filter((one) => !thereKeys.has(keyOf(one))).map((finding) => ({ kind: "new" as const, finding })),
    ...there.filter((one) => !hereKeys.has(keyOf(one))).map((finding) => ({ kind: "gone" as const, finding })),
    ...here.filter((one) => thereKeys.has(keyOf(one))).map((finding) => ({ kind: "same" as const, finding })),
  ];
}

export function Comparison({ report, id }: { report: Report; id: string }) {
  const other = useLoad(async () => (await ask(api.GET("/api/admin/examinations/{id}", { params: { path: { id }, query: { language } } }))).report as unknown as Report, id);
  const close = (
    <Button isSmall onClick={() => setQuery({ with: undefined })}>
      {t("close")}
    </Button>
  );
  return (
    <Card title={t("compare.title")} says={other.data && t("compare.says", { at: formatMoment(other.data.run.started_at) })} action={close}>
      <Block loaded={other}>
        {(before) => {
          const rows = rowsOf(report, before);
          return rows.length === 0 ? (
            <Nothing icon={check} title={t("compare.none")} />
          ) : (
            <ul class="ruled">
              {rows.map(({ kind, finding }) => (
                <li key={`${kind} ${keyOf(finding)}`}>
                  <span>
                    <Badge tone={TONES[kind]}>{t(`compare.${kind}`)}</Badge> <strong dir="auto">{finding.title ?? finding.cause}</strong>{" "}
                    <span class="soft small">
                      {finding.cause} · <bdi dir="ltr">{finding.object}</bdi>
                    </span>
                  </span>
                  <span dir="auto"><Said text={finding.says.text} /></span>
                </li>
              ))}
            </ul>
          );
        }}
      </Block>
    </Card>
  );
}
