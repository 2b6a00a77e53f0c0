// Evidence: the facts a sentence rests on, each with where it comes from and how to measure it by hand.
import { useState } from "preact/hooks";

import { formatMoment, formatNumber } from "../../lib/format";
import { wordsOf } from "../../lib/words";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import type en from "./en";
import type { Fact, Sentence } from "./report";

const t = wordsOf<typeof en>();

/** The middle and the outer values of samples. */
function ofSamples(values: readonly number[], unit: string): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => formatNumber(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0, { maximumSignificantDigits: 4 });
  return t("fact.samples", { median: at(0.5), p95: at(0.95), max: at(1), unit });
}

/** A fact's value in a few words. */
export function valueOf({ value, unit }: Fact): string {
  const { kind, value: held } = value;
  if (kind === "samples") {
    return ofSamples(held as number[], unit);
  }
  if (kind === "counts") {
    return Object.entries(held as Record<string, number>)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${formatNumber(count)}`)
      .join(", ");
  }
  if (kind === "list") {
    return (held as string[]).join(", ") || "–";
  }
  if (kind === "int" || kind === "float") {
    const isName = unit === "pid" || unit === "uid" || unit === "";
    return isName ? String(held) : unit === "unix ms" ? formatMoment(held as number) : `${formatNumber(held as number, { maximumSignificantDigits: 6 })} ${unit}`;
  }
  return kind === "bool" ? t(held ? "fact.yes" : "fact.no") : String(held);
}

/** Raw values of one fact, so many at most. */
const RAW_MAX = 400;

function FactDialog({ fact, onClose }: { fact: Fact; onClose(): void }) {
  const raw = JSON.stringify(fact.value.value);
  return (
    <Dialog title={<bdi dir="ltr">{fact.id}</bdi>} isWide onClose={onClose}>
      <div class="stack">
        <dl class="facts small">
          <dt>{t("fact.key")}</dt>
          <dd>
            <bdi dir="ltr">
              <code>{fact.key}</code>
            </bdi>
          </dd>
          <dt>{t("fact.object")}</dt>
          <dd>
            <bdi dir="ltr">{fact.object}</bdi>
          </dd>
          <dt>{t("fact.value")}</dt>
          <dd>
            <bdi dir="auto">{valueOf(fact)}</bdi>
          </dd>
          <dt>{t("fact.n")}</dt>
          <dd>{formatNumber(fact.n)}</dd>
          <dt>{t("fact.at")}</dt>
          <dd>{formatMoment(fact.taken_at)}</dd>
          <dt>{t("fact.source")}</dt>
          <dd>
            <bdi dir="ltr">
              {fact.source.probe} · {fact.source.from}
            </bdi>
          </dd>
        </dl>
        <h3>{t("fact.repeat")}</h3>
        <Copy text={fact.source.repeat} />
        <details class="small">
          <summary>{t("fact.raw")}</summary>
          <pre dir="ltr" class="raw" tabIndex={0}>
            {raw.length > RAW_MAX * 10 ? `${raw.slice(0, RAW_MAX * 10)}…` : raw}
          </pre>
        </details>
      </div>
    </Dialog>
  );
}

/** So many facts are named at once; the rest on demand. */
const CITED_FIRST = 4;

/** The names of the facts a sentence rests on; each opens. */
export function Cited({ ids, facts }: { ids: readonly string[]; facts: readonly Fact[] }) {
  const [open, setOpen] = useState<Fact>();
  const [isWhole, setWhole] = useState(ids.length <= CITED_FIRST + 1);
  return (
    <span class="cited">
      {(isWhole ? ids : ids.slice(0, CITED_FIRST)).map((id) => {
        const fact = facts.find((one) => one.id === id);
        return fact ? (
          <button key={id} type="button" class="cite" aria-label={t("fact.open", { id })} onClick={() => setOpen(fact)}>
            <bdi dir="ltr">{id}</bdi>
          </button>
        ) : null;
      })}
      {!isWhole && (
        <button type="button" class="cite" onClick={() => setWhole(true)}>
          {t("fact.more", { n: ids.length - CITED_FIRST })}
        </button>
      )}
      {open && <FactDialog fact={open} onClose={() => setOpen(undefined)} />}
    </span>
  );
}

/** The facts below a finding as a table: what, of what, how much, how many samples, and from where. */
export function FactTable({ sentences, facts }: { sentences: readonly Sentence[]; facts: readonly Fact[] }) {
  const ids = new Set(sentences.flatMap(({ evidence }) => evidence));
  const found = facts.filter(({ id }) => ids.has(id));
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={t("fact.table")}>
      <table class="table folds" role="table">
        <thead>
          <tr>
            <th scope="col">{t("fact.id")}</th>
            <th scope="col">{t("fact.key")}</th>
            <th scope="col">{t("fact.object")}</th>
            <th scope="col">{t("fact.value")}</th>
            <th scope="col" class="number">
              {t("fact.n")}
            </th>
            <th scope="col">{t("fact.source")}</th>
          </tr>
        </thead>
        <tbody>
          {found.map((fact) => (
            <tr key={fact.id} role="row">
              <td role="cell">
                <Cited ids={[fact.id]} facts={facts} />
              </td>
              <td role="cell" data-label={t("fact.key")}>
                <bdi dir="ltr">{fact.key}</bdi>
              </td>
              <td role="cell" data-label={t("fact.object")}>
                <bdi dir="ltr">{fact.object}</bdi>
              </td>
              <td role="cell" data-label={t("fact.value")}>
                <bdi dir="auto">{valueOf(fact)}</bdi>
              </td>
              <td role="cell" class="number" data-label={t("fact.n")}>{formatNumber(fact.n)}</td>
              <td role="cell" data-label={t("fact.source")}>
                <bdi dir="ltr" class="soft">
                  {fact.source.from}
                </bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
