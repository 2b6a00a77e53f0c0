// What became of repairs: the receipt, and each endpoint before and after on one scale.
import { formatNumber, formatPercent } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Card } from "../../ui/card";
import { Copy } from "../../ui/copy";
import type en from "./en";
import type { Applied, Endpoint, Figure } from "./report";
import { Said } from "./said";

const t = wordsOf<typeof en>();

const FATES: Record<Applied["fate"]["result"], Tone> = { proven: "good", undone: "warn", without_effect: "warn", declined: "note", failed: "bad" };
const EFFECTS: Record<Endpoint["effect"], Tone> = { improved: "good", no_effect: "", worse: "bad", not_measured: "note" };

function Bar({ name, median, p95, most, kind }: { name: string; median: Figure | null; p95: Figure | null; most: number; kind: string }) {
  const width = (figure: Figure | null) => ((figure?.value ?? 0) / most) * 1000;
  return (
    <div class="versus">
      <span class="soft">{name}</span>
      <svg viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
        <rect class={`pale ${kind}`} x="0" y="2" width={width(p95)} height="8" />
        <rect class={kind} x="0" y="2" width={Math.max(3, width(median))} height="8" />
      </svg>
      <span class="number" dir="auto">
        {median?.text ?? "–"}
        {p95 && <span class="soft"> · p95 {p95.text}</span>}
      </span>
    </div>
  );
}

function change({ change_percent, interval_percent }: Endpoint): string {
  const signed = (value: number) => formatPercent(value / 100, 0);
  if (change_percent === null) {
    return "";
  }
  return interval_percent === null ? signed(change_percent) : t("proof.change", { change: signed(change_percent), low: signed(interval_percent.low), high: signed(interval_percent.high) });
}

function OneEndpoint({ of, most }: { of: Endpoint; most: number }) {
  return (
    <li class="proof">
      <div class="row apart">
        <span>
          <bdi dir="ltr">
            <strong>{of.path}</strong>
          </bdi>{" "}
          {of.control && <span class="soft small">{t("proof.control")}</span>}
        </span>
        <span class="row">
          <span class="soft small" dir="auto">
            {change(of)}
          </span>
          <Badge tone={EFFECTS[of.effect]}>{t(`effect.${of.effect}`)}</Badge>
        </span>
      </div>
      <Bar name={t("proof.before")} median={of.median_before} p95={of.p95_before} most={most} kind="was" />
      <Bar name={t("proof.after")} median={of.median_after} p95={of.p95_after} most={most} kind="is" />
      <p class="small soft" dir="auto">
        <Said text={of.says.text} />
      </p>
    </li>
  );
}

function One({ of }: { of: Applied }) {
  const endpoints = of.proof?.endpoints ?? [];
  const most = Math.max(1e-9, ...endpoints.flatMap((one) => [one.p95_before, one.p95_after, one.median_before, one.median_after].map((figure) => figure?.value ?? 0)));
  return (
    <Card title={t("proof.title", { repair: t.maybe(`repair.${of.repair}`, of.repair) })} says={of.cause} action={<Badge tone={FATES[of.fate.result]}>{t(`fate.${of.fate.result}`)}</Badge>}>
      <div class="stack finding">
        {of.fate.reason && <p dir="auto">{of.fate.reason}</p>}
        {of.receipt && (
          <section class="stack">
            <h3>{t("proof.receipt")}</h3>
            <p>
              {t("proof.changed", { n: formatNumber(of.receipt.changed) })}
              {of.foretold !== null && <span class="soft"> {t("proof.foretold", { n: formatNumber(of.foretold) })}</span>}
            </p>
            <Copy text={of.receipt.statement} />
          </section>
        )}
        {of.proof?.state && (
          <p dir="auto">
            <Badge tone={of.proof.state.reached ? "good" : "bad"}>{t(of.proof.state.reached ? "proof.reached" : "proof.not_reached")}</Badge> <Said text={of.proof.state.says.text} />
          </p>
        )}
        {endpoints.length > 0 && (
          <section class="stack">
            <h3>{t("proof.measured")}</h3>
            <p class="small soft">{t("proof.measured.says")}</p>
            <ul class="proofs">
              {endpoints.map((one) => (
                <OneEndpoint key={one.path} of={one} most={most} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </Card>
  );
}

export function Proofs({ applied }: { applied: readonly Applied[] }) {
  return (
    <>
      {applied.map((one, at) => (
        <One key={at} of={one} />
      ))}
    </>
  );
}
