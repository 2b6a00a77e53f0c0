// The frame of a screen inside a shell: its one heading, the page's title, and where the focus goes.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import { createStore } from "../lib/store";

/** What stands before the title of the page: "(3)" when three notifications are unread. */
export const titleMark = createStore("");

let title = "";

function writeTitle(): void {
  document.title = `${titleMark.get()} ${title === "" ? "Galen" : `${title} · Galen`}`.trim();
}

titleMark.watch(writeTitle);

/** Gives the page its title. */
export function useTitle(text: string): void {
  useEffect(() => {
    title = text;
    writeTitle();
  }, [text]);
}

interface Props {
  title: string;
  says?: ComponentChildren;
  /** What can be done with the whole. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Screen({ title: text, says, actions, children }: Props) {
  useTitle(text);
  return (
    <>
      <div class="title">
        <div>
          <h1>{text}</h1>
          {says && <p>{says}</p>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </div>
      {children}
    </>
  );
}
