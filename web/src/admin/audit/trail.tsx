// A list of the audit trail, wherever one is shown: when, what, by whom, from where.
import { api, ask } from "../../lib/api/client";
import { usePages } from "../../lib/load";
import { wordsOf } from "../../lib/words";
import { Block, Nothing } from "../../ui/block";
import { scroll } from "../../ui/icons";
import { type Column, More, Table } from "../../ui/table";
import { Time } from "../../ui/time";
import type said from "../said/en";
import { By, type Entry, userOf, UserLink, wordCode, wordParams } from "../said/event";
import type trail from "./trail.en";

const t = wordsOf<typeof said & typeof trail>();

export type TrailQuery = Partial<Record<"actor" | "subject" | "code" | "from" | "until", string>>;

export function What({ entry }: { entry: Entry }) {
  const detail = wordParams(entry);
  return (
    <div class="what">
      <span title={entry.code}>{wordCode(entry.code)}</span>
      {detail && (
        <span class="soft">
          <bdi>{detail}</bdi>
        </span>
      )}
    </div>
  );
}

function About(entry: Entry) {
  const user = userOf(entry);
  return user ? <UserLink id={user} /> : "–";
}

function columns(isShort: boolean): Column<Entry>[] {
  const short: Column<Entry>[] = [
    { name: "what", label: t("trail.what"), cell: (entry) => <What entry={entry} /> },
    { name: "by", label: t("trail.by"), cell: (entry) => <By entry={entry} /> },
    { name: "at", label: t("trail.at"), cell: ({ at }) => <Time at={at} /> },
  ];
  const long: Column<Entry>[] = [
    { name: "to", label: t("trail.to"), cell: About },
    {
      name: "from",
      label: t("trail.from"),
      cell: ({ address }) => (address ? <bdi dir="ltr">{address}</bdi> : "–"),
    },
    {
      name: "request",
      label: t("trail.request"),
      cell: ({ request_id: id }) => (
        <a href={`/admin/logs?request_id=${id}`} title={id} aria-label={id.slice(-8)}>
          <bdi dir="ltr">
            <code>{id.slice(-8)}</code>
          </bdi>
        </a>
      ),
    },
  ];
  return isShort ? short : [...short, ...long];
}

interface Props {
  query: TrailQuery;
  none: string;
  isFiltered?: boolean;
  onClear?(): void;
  /** Only so many, without the way to more. */
  most?: number;
}

export function Trail({ query, none, isFiltered = false, onClear, most }: Props) {
  const pages = usePages((after) => ask(api.GET("/api/admin/audit", { params: { query: { ...query, after, limit: most ?? 50 } } })), JSON.stringify(query));
  return (
    <Block loaded={pages} isEmpty={({ items }) => items.length === 0} empty={<Nothing icon={scroll} title={none} />} isFiltered={isFiltered} {...(onClear && { onClear })}>
      {({ items }) => (
        <>
          <Table label={t("trail.title")} columns={columns(most !== undefined)} rows={items} keyOf={({ id }) => id} />
          {most === undefined && <More pages={pages} />}
        </>
      )}
    </Block>
  );
}
