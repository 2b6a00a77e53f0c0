// The log: searched, filtered by the address, followed as it is written.
import { useEffect, useMemo, useState } from "preact/hooks";

import { api, ask, type Schema } from "../../lib/api/client";
import { formatDate, formatMoment } from "../../lib/format";
import { usePages } from "../../lib/load";
import { place } from "../../lib/router";
import { useStore } from "../../lib/store";
import { wordsOf } from "../../lib/words";
import { Badge, type Tone } from "../../ui/badge";
import { Block, Nothing } from "../../ui/block";
import { Button } from "../../ui/button";
import { clearQuery, Filters, PickFilter, SearchFilter } from "../../ui/filters";
import { pause, play, scroll } from "../../ui/icons";
import { Screen } from "../../ui/screen";
import { More } from "../../ui/table";
import type en from "./en";
import "./logs.css";

const t = wordsOf<typeof en>();

type Line = Schema<"LogLine">;
const NAMES = ["text", "level", "range", "code", "route", "user_id", "request_id"] as const;
const HOURS: Record<string, number> = { h1: 1, d1: 24, d7: 168 };
const TONES: Record<Line["level"], Tone> = { trace: "", debug: "", info: "note", warn: "warn", error: "bad" };
/** How often new lines are asked for while the log is followed, in milliseconds. */
const FOLLOW_MS = 3_000;
/** More new lines than this are not kept apart: the list is asked for anew. */
const NEW_MAX = 200;

type Wanted = Record<string, string>;

function wantedOf(query: URLSearchParams): Wanted {
  const said = NAMES.filter((name) => name !== "range" && query.get(name)).map((name) => [name, query.get(name) ?? ""]);
  const hours = HOURS[query.get("range") ?? ""];
  const from = hours ? { from: new Date(Date.now() - hours * 3_600_000).toISOString() } : {};
  return { ...Object.fromEntries(said), ...from };
}

async function lines(wanted: Wanted, more: { before?: number; after?: number }): Promise<{ items: Line[]; next: string | null }> {
  const { lines: items, next } = await ask(api.GET("/api/admin/logs", { params: { query: { ...wanted, ...more, limit: 100 } } }));
  return { items, next: next === null || next === undefined ? null : String(next) };
}

function Row({ line }: { line: Line }) {
  const { at, level, message, route, status, request_id: request, code, room, fields } = line;
  const all = { room, ...(code && { code }), ...(route && { route }), ...(status && { status }), ...(request && { request_id: request }), ...(line.user_id && { user_id: line.user_id }), ...(line.trace_id && { trace_id: line.trace_id }), ...(fields as object) };
  return (
    <details>
      <summary>
        <time dateTime={at} title={formatMoment(at)}>
          {formatDate(at, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" })}
        </time>
        <span>
          <Badge tone={TONES[level]}>{t(`log.level.${level}`)}</Badge>
        </span>
        <bdi dir="ltr" class="message">
          {message}
        </bdi>
        <bdi dir="ltr" class="soft">
          {route ?? code ?? ""}
        </bdi>
      </summary>
      <div>
        <pre class="pre" dir="ltr" tabIndex={0}>
          {JSON.stringify(all, null, 2)}
        </pre>
        {request && <a href={`/admin/logs?request_id=${request}`}>{t("logs.only.request")}</a>}
      </div>
    </details>
  );
}

/** Lines that were written after the newest one that is shown. */
function useNews(wanted: Wanted, newest: number | undefined, isOn: boolean): { fresh: Line[]; clear(): void } {
  const [fresh, setFresh] = useState<Line[]>([]);
  const last = fresh[0]?.number ?? newest;
  useEffect(() => setFresh([]), [wanted]);
  useEffect(() => {
    if (!isOn || last === undefined || fresh.length >= NEW_MAX) {
      return undefined;
    }
    const look = async () => {
      if (document.visibilityState === "visible") {
        const { items } = await lines(wanted, { after: last }).catch(() => ({ items: [] as Line[] }));
        if (items.length > 0) {
          setFresh((now) => [...items.toReversed(), ...now]);
        }
      }
    };
    const timer = setInterval(look, FOLLOW_MS);
    return () => clearInterval(timer);
  }, [wanted, last, isOn, fresh.length]);
  return { fresh, clear: () => setFresh([]) };
}

function Picks() {
  const levels = ["info", "warn", "error", "debug"].map((value) => ({ value, label: t.maybe(`logs.level.${value}`, value) }));
  const ranges = Object.keys(HOURS).map((value) => ({ value, label: t.maybe(`logs.range.${value}`, value) }));
  return (
    <>
      <Filters>
        <SearchFilter name="text" label={t("logs.text")} />
        <PickFilter name="level" label={t("logs.level")} options={[{ value: "", label: t("logs.level.any") }, ...levels]} />
        <PickFilter name="range" label={t("logs.range")} options={[{ value: "", label: t("logs.range.any") }, ...ranges]} />
      </Filters>
      <details class="small">
        <summary>{t("logs.more")}</summary>
        <Filters>
          <SearchFilter name="route" label={t("logs.route")} />
          <SearchFilter name="code" label={t("logs.code")} />
          <SearchFilter name="user_id" label={t("logs.user")} />
          <SearchFilter name="request_id" label={t("logs.request")} />
        </Filters>
      </details>
    </>
  );
}

export default function Logs() {
  const { query } = useStore(place);
  const key = NAMES.map((name) => query.get(name) ?? "").join("\n");
  const wanted = useMemo(() => wantedOf(query), [key]);
  const [isFollowing, setFollowing] = useState(true);
  const pages = usePages((after) => lines(wanted, after === undefined ? {} : { before: Number(after) }), key);
  const { fresh, clear } = useNews(wanted, pages.data?.items[0]?.number, isFollowing);
  const show = () => {
    pages.put((now) => ({ ...now, items: [...fresh, ...now.items] }));
    clear();
  };
  const follow = (
    <Button icon={isFollowing ? pause : play} aria-pressed={isFollowing} onClick={() => setFollowing(!isFollowing)}>
      {t(isFollowing ? "logs.following" : "logs.follow")}
    </Button>
  );
  const empty = (
    <Nothing icon={scroll} title={t("logs.none")}>
      <p>{t("logs.none.says")}</p>
    </Nothing>
  );
  return (
    <Screen title={t("logs.title")} says={t("logs.says")} actions={follow}>
      <Picks />
      <div class="card">
        <div role="status" class="pill">
          {fresh.length > 0 && (
            <Button isSmall look="primary" onClick={show}>
              {t.many("logs.new", fresh.length)}
            </Button>
          )}
        </div>
        <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={empty} isFiltered={key.trim() !== ""} onClear={() => clearQuery(NAMES)}>
          {({ items }) => (
            <>
              <ul class="log">
                {items.map((line) => (
                  <li key={line.number}>
                    <Row line={line} />
                  </li>
                ))}
              </ul>
              <More pages={pages} />
            </>
          )}
        </Block>
      </div>
    </Screen>
  );
}
