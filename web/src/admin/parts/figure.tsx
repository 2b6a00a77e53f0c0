// One number with what it is, how it stands, and what is said of it.
import type { ComponentChildren } from "preact";

import { Badge, type Tone } from "../../ui/badge";

interface Props {
  label: string;
  value: ComponentChildren;
  tone?: Tone;
  /** The word beside the tone. */
  state?: string;
  says?: ComponentChildren;
  /** Where more of it is. */
  to?: string;
  children?: ComponentChildren;
}

export function Figure({ label, value, tone = "", state, says, to, children }: Props) {
  return (
    <div class={`figure ${tone}`}>
      <div class="row apart">
        {to ? <a href={to}>{label}</a> : <span class="label">{label}</span>}
        {state && <Badge tone={tone}>{state}</Badge>}
      </div>
      <strong>{value}</strong>
      {says && <div class="soft small">{says}</div>}
      {children}
    </div>
  );
}
