// All sessions: how many there are against the limit, whose they are, and signing everyone out.
import { useState } from "preact/hooks";

import { api, ask } from "../../lib/api/client";
import { formatNumber } from "../../lib/format";
import { useAct, useLoad } from "../../lib/load";
import { useQuery } from "../../lib/router";
import { wordsOf } from "../../lib/words";
import { Block } from "../../ui/block";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { Choice } from "../../ui/field";
import { clearQuery, Filters, SearchFilter } from "../../ui/filters";
import { freshly } from "../../ui/fresh";
import { ProblemNotice } from "../../ui/problem";
import { Screen } from "../../ui/screen";
import { toast } from "../../ui/toast";
import { SeriesChart } from "../parts/series";
import { Figure } from "../parts/figure";
import type en from "./en";
import type list from "./list.en";
import { SessionList } from "./list";

const t = wordsOf<typeof en & typeof list>();

/** The number above which the rule `sessions_many` fires unless somebody changed it. */
const overview = () => ask(api.GET("/api/admin/overview"));
const rules = () => ask(api.GET("/api/admin/alerts/rules"));

function Sweep({ onDone }: { onDone(): void }) {
  const act = useAct(async () => {
    const before = await overview();
    await ask(api.POST("/api/admin/jobs/{name}/run", { params: { path: { name: "sessions.sweep" } } }));
    const after = await overview();
    toast(t("admin.sessions.swept", { before: before.sessions_expired, after: after.sessions_expired }));
    onDone();
  });
  return (
    <>
      <Button isSmall isBusy={act.isBusy} title={t("admin.sessions.sweep.says")} onClick={() => void act.run()}>
        {t("admin.sessions.sweep")}
      </Button>
      {act.problem && <ProblemNotice problem={act.problem} onOver={act.clear} />}
    </>
  );
}

function Everyone({ count, onDone }: { count: number; onDone(): void }) {
  const [isAsking, setAsking] = useState(false);
  const [isOwn, setOwn] = useState(false);
  const act = async () => {
    const { ended } = await freshly(() => ask(api.POST("/api/admin/sessions/end", { body: { everybody: true, own_too: isOwn } })));
    toast(t.many("admin.sessions.ended", ended));
    onDone();
  };
  return (
    <Card title={t("admin.sessions.everyone")} says={t("admin.sessions.everyone.says")}>
      <Button look="danger" onClick={() => setAsking(true)}>
        {t("admin.sessions.everyone")}
      </Button>
      {isAsking && (
        <Confirm title={t("admin.sessions.everyone.ask")} label={t("admin.sessions.everyone")} isDanger typed={t("admin.sessions.everyone.typed")} act={act} onClose={() => setAsking(false)}>
          <p>{t.many("admin.sessions.everyone.count", Math.max(0, isOwn ? count : count - 1))}</p>
          <Choice isOn={isOwn} onChoice={setOwn}>
            {t("admin.sessions.everyone.own")}
          </Choice>
        </Confirm>
      )}
    </Card>
  );
}

function Counts({ reload, loaded }: { reload(): void; loaded: ReturnType<typeof useLoad<Awaited<ReturnType<typeof overview>>>> }) {
  const rule = useLoad(async () => (await rules()).rules.find(({ code }) => code === "sessions_many"));
  const limit = rule.data?.threshold;
  return (
    <div class="columns">
      <Block loaded={loaded}>
        {({ sessions_active: active, sessions_expired: expired }) => (
          <div class="tiles two">
            <Figure label={t("admin.sessions.now")} value={formatNumber(active)} tone={limit !== undefined && active > limit ? "bad" : ""} says={limit === undefined ? "" : t("admin.sessions.limit", { n: limit })} />
            <Figure label={t("admin.sessions.waiting")} value={formatNumber(expired)} says={<Sweep onDone={reload} />} />
          </div>
        )}
      </Block>
      <div class="card">
        <div class="inside">
          <h2 class="unseen">{t("admin.sessions.chart")}</h2>
          <SeriesChart title={t("admin.sessions.chart")} metric="sessions" object="active" hours={24} figure="last" format={(value) => formatNumber(value, { notation: "compact" })} {...(limit !== undefined && { threshold: limit })} />
        </div>
      </div>
    </div>
  );
}

export default function Sessions() {
  const counts = useLoad(overview);
  const [user, address] = [useQuery("user"), useQuery("address")];
  const [round, setRound] = useState(0);
  const again = () => {
    counts.reload();
    setRound(round + 1);
  };
  const query = user ? { user_id: user } : address ? { address } : {};
  return (
    <Screen title={t("admin.sessions.title")}>
      <Counts loaded={counts} reload={again} />
      <Filters>
        <SearchFilter name="user" label={t("admin.sessions.by_user")} />
        {!user && <SearchFilter name="address" label={t("admin.sessions.by_address")} />}
      </Filters>
      <div class="card">
        <SessionList key={round} query={query} onClear={() => clearQuery(["user", "address"])} onEnded={counts.reload} />
      </div>
      <Everyone count={counts.data?.sessions_active ?? 0} onDone={again} />
    </Screen>
  );
}
