// The card of a page before signing in, and the ways that lead on from it.
import type { ComponentChildren } from "preact";

import { useTitle } from "../../ui/screen";

interface Props {
  title: string;
  says?: ComponentChildren;
  /** Links below the card. */
  end?: ComponentChildren;
  children?: ComponentChildren;
}

export function GateCard({ title, says, end, children }: Props) {
  useTitle(title);
  return (
    <>
      <div class="gate-card">
        <header>
          <h1>{title}</h1>
          {says && <p>{says}</p>}
        </header>
        {children}
      </div>
      {end && <div class="gate-end">{end}</div>}
    </>
  );
}
