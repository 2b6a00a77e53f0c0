// A table of a keyset list; on a phone each row folds into a card with the headings beside its values.
import type { ComponentChildren } from "preact";

import type { Problem } from "../lib/api/problem";
import { wordsOf } from "../lib/words";
import { Button } from "./button";
import { ProblemNotice } from "./problem";

const t = wordsOf();

export interface Column<T> {
  /** A stable name. */
  name: string;
  /** The heading; an empty one is for acts. */
  label: string;
  isNumber?: boolean;
  cell(row: T): ComponentChildren;
}

interface Props<T> {
  /** What the table is of, for those who hear the page. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf(row: T): string;
  /** Whether rows stay rows on a phone and the frame scrolls instead. */
  isDense?: boolean;
}

export function Table<T>({ label, columns, rows, keyOf, isDense = false }: Props<T>) {
  return (
    <div class="table-frame">
      <table class={isDense ? "table" : "table folds"} role="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={column.isNumber ? "number" : undefined}>
                {column.label || <span class="unseen">{t("table.acts")}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map((column) => (
                <td key={column.name} role="cell" class={column.isNumber ? "number" : undefined} data-label={column.label || undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MoreProps {
  pages: { data: { next?: string | null } | undefined; more(): void; isMore: boolean; moreProblem: Problem | undefined };
}

/** The way to the next page of a keyset list, when there is one. */
export function More({ pages }: MoreProps) {
  if (pages.moreProblem) {
    return (
      <div class="more">
        <ProblemNotice problem={pages.moreProblem} onRetry={pages.more} />
      </div>
    );
  }
  return pages.data?.next ? (
    <div class="more">
      <Button look="quiet" isSmall isBusy={pages.isMore} onClick={pages.more}>
        {t("table.more")}
      </Button>
    </div>
  ) : null;
}
