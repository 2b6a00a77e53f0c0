// A state in three ways at once: a shape, a word and a colour.
import type { ComponentChildren } from "preact";

import { Icon } from "./icon";
import { alert, check, circle, cross, info } from "./icons";

export type Tone = "" | "good" | "warn" | "bad" | "note";

const SHAPES: Record<Tone, string> = { "": circle, good: check, warn: alert, bad: cross, note: info };

export function Badge({ tone = "", children }: { tone?: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon d={SHAPES[tone]} />
      {children}
    </span>
  );
}

/** A sentence that concerns the whole block or screen. */
export function Notice({ tone = "note", children }: { tone?: Tone; children: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`}>
      <Icon d={SHAPES[tone]} />
      <div>{children}</div>
    </div>
  );
}
