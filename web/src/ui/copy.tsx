// A text to take along: copied by a button where the browser allows it, else selected to be copied by hand.
import { useRef, useState } from "preact/hooks";

import { wordsOf } from "../lib/words";
import { Button } from "./button";
import { check, copy } from "./icons";

const t = wordsOf();

export function Copy({ text, isCode = true }: { text: string; isCode?: boolean }) {
  const [isDone, setDone] = useState(false);
  const shown = useRef<HTMLElement>(null);
  const take = async () => {
    // Plain http on a name of the network is no secure context: there is no clipboard.
    await navigator.clipboard?.writeText(text).then(() => setDone(true)).catch(() => undefined);
    if (shown.current) {
      getSelection()?.selectAllChildren(shown.current);
    }
    setTimeout(() => setDone(false), 2_000);
  };
  return (
    <div class="copy">
      <bdi dir="ltr" ref={shown}>
        {isCode ? <code>{text}</code> : text}
      </bdi>
      <Button isSmall icon={isDone ? check : copy} onClick={take}>
        {t(isDone ? "copy.copied" : "copy.copy")}
      </Button>
    </div>
  );
}
