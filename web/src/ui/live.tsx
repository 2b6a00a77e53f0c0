// Whether what is shown follows what happens: a dot, a word and a colour.
import { liveness } from "../lib/stream";
import { useStore } from "../lib/store";
import { wordsOf } from "../lib/words";

const t = wordsOf();

export function Live() {
  const state = useStore(liveness);
  const look = { live: "on", reconnecting: "off", paused: "" }[state];
  return (
    <span class={`live ${look}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {state === "live" ? <circle cx="5" cy="5" r="4" fill="currentColor" /> : <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" stroke-width="1.5" />}
      </svg>
      <span>{t(`live.${state}`)}</span>
    </span>
  );
}
