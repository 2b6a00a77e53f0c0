// The palette: every way of the panel under the fingers, opened with Ctrl+K or Cmd+K.
import { useMemo, useState } from "preact/hooks";

import { go } from "../lib/router";
import { wordsOf } from "../lib/words";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import type { Way, WayGroup } from "./shell";

const t = wordsOf();

/** Upper and lower case, and the two forms of Persian's yeh and keheh, are the same to whoever searches. */
const plain = (text: string): string => text.toLocaleLowerCase().replaceAll("ي", "ی").replaceAll("ك", "ک");

function found(groups: WayGroup[], asked: string): Way[] {
  const all = groups.flatMap(({ ways }) => ways);
  return all.filter(({ label }) => plain(label).includes(plain(asked.trim())));
}

export function Palette({ groups, onClose }: { groups: WayGroup[]; onClose(): void }) {
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  const ways = useMemo(() => found(groups, asked), [groups, asked]);
  const follow = (way: Way | undefined) => {
    if (way) {
      onClose();
      go(way.to);
    }
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") {
      event.preventDefault();
      follow(ways[at]);
    } else if (step !== undefined && ways.length > 0) {
      event.preventDefault();
      setAt((at + step + ways.length) % ways.length);
    }
  };
  const search = (text: string) => {
    setAsked(text);
    setAt(0);
  };
  return (
    <Dialog title={t("palette.title")} onClose={onClose}>
      <input
        class="input"
        type="text"
        role="combobox"
        aria-label={t("palette.search")}
        aria-expanded="true"
        aria-controls="palette"
        aria-activedescendant={ways[at] ? `palette-${at}` : undefined}
        placeholder={t("palette.search")}
        autocomplete="off"
        dir="auto"
        autofocus
        value={asked}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={press}
      />
      <div id="palette" role="listbox" aria-label={t("palette.title")} class="palette">
        {ways.map((way, index) => (
          <div key={way.to} id={`palette-${index}`} role="option" aria-selected={index === at} class={index === at ? "at" : undefined} tabIndex={-1} onClick={() => follow(way)}>
            <Icon d={way.icon} />
            {way.label}
          </div>
        ))}
      </div>
      {ways.length === 0 && <p class="soft small">{t("filtered.empty")}</p>}
    </Dialog>
  );
}
