// Repairs: what would be done, what it risks and how to go back; the safe ones are run from here.
import { useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatNumber } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { go } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block } from "../../ui/block";
import { Button } from "../../ui/button";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Form } from "../../ui/form";
import { freshly } from "../../ui/fresh";
import { play } from "../../ui/icons";
import type en from "./en";
import { Cited } from "./evidence";
import type { Fact, Offer } from "./report";
import { Said } from "./said";

const t = wordsOf<typeof en>();

const CLASSES: Record<Offer["class"], Tone> = { auto: "good", ask: "warn", tell: "note" };

interface DialogProps {
  of: Schema<"Examination">;
  offer: Offer;
  onClose(): void;
}

/** First what it would change, which changes nothing; then the real thing. */
function RunDialog({ of, offer, onClose }: DialogProps) {
  const path = { id: of.id, repair: offer.repair };
  const order = (dry_run: boolean) => freshly(() => ask(api.POST("/api/admin/examinations/{id}/repairs/{repair}", { params: { path }, body: { dry_run } })));
  const foretold = useLoad(() => order(true) as Promise<Schema<"ForetoldRepair">>);
  const act = useAct(async () => {
    const begun = (await order(false)) as Schema<"Examination">;
    go(`/admin/doctor/${begun.id}`);
  });
  const isUseless = foretold.data?.would_change === 0;
  return (
    <Dialog title={<span dir="auto">{offer.title}</span>} isWide onClose={onClose}>
      <Form act={act} onDone={onClose}>
        <section class="stack">
          <h3>{t("repair.dry")}</h3>
          <Block loaded={foretold} skeleton={<span class="bone w4" />}>
            {({ would_change, statement }) => (
              <>
                <p>
                  <Badge tone={would_change === 0 ? "warn" : "good"}>{would_change === 0 ? t("repair.useless") : t("repair.would", { n: formatNumber(would_change) })}</Badge>
                </p>
                <Copy text={statement} />
              </>
            )}
          </Block>
        </section>
        <dl class="facts small">
          <dt>{t("repair.risk")}</dt>
          <dd dir="auto">{offer.risk}</dd>
          <dt>{t("repair.back")}</dt>
          <dd dir="auto">{offer.way_back}</dd>
          <dt>{t("repair.then")}</dt>
          <dd>{t("repair.then.says")}</dd>
        </dl>
        <div class="form-end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" look="primary" isBusy={act.isBusy} disabled={foretold.data === undefined || isUseless}>
            {t("repair.run")}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

function One({ of, offer, facts }: { of: Schema<"Examination">; offer: Offer; facts: readonly Fact[] }) {
  const [isOpen, setOpen] = useState(false);
  const isRunnable = offer.class === "auto" && of.target === "self";
  return (
    <div class="offer">
      <div class="row apart">
        <strong dir="auto">{offer.title}</strong>
        <Badge tone={CLASSES[offer.class]}>{t(`class.repair.${offer.class}`)}</Badge>
      </div>
      {offer.how && (
        <p dir="auto">
          <Said text={offer.how.text} /> <Cited ids={offer.how.evidence} facts={facts} />
        </p>
      )}
      {offer.command && <Copy text={offer.command} />}
      <dl class="facts small">
        {offer.predicted_effect && (
          <>
            <dt>{t("repair.effect")}</dt>
            <dd dir="auto">
              <Said text={offer.predicted_effect.text} /> <Cited ids={offer.predicted_effect.evidence} facts={facts} />
            </dd>
          </>
        )}
        <dt>{t("repair.risk")}</dt>
        <dd dir="auto">{offer.risk}</dd>
        <dt>{t("repair.back")}</dt>
        <dd dir="auto">{offer.way_back}</dd>
      </dl>
      {isRunnable ? (
        <div class="row">
          <Button look="primary" icon={play} onClick={() => setOpen(true)}>
            {t("repair.open")}
          </Button>
          <span class="soft small">{t("repair.sudo")}</span>
        </div>
      ) : (
        <p class="soft small">{t(`repair.not_here.${offer.class}`)}</p>
      )}
      {isOpen && <RunDialog of={of} offer={offer} onClose={() => setOpen(false)} />}
    </div>
  );
}

export function Repairs({ of, offers, facts }: { of: Schema<"Examination">; offers: readonly Offer[]; facts: readonly Fact[] }) {
  return (
    <div class="stack">
      {offers.map((offer) => (
        <One key={offer.repair} of={of} offer={offer} facts={facts} />
      ))}
    </div>
  );
}
