// Filters of a list: they stand in the address, so that what is shown can be sent to somebody else.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { setQuery, useQuery } from "../lib/router";
import { Icon } from "./icon";
import { search } from "./icons";

/** How long to wait for the next letter, in milliseconds. */
const PAUSE_MS = 250;

/** A search, under the parameter `name`. `/` focuses it. */
export function SearchFilter({ name, label, placeholder }: { name: string; label: string; placeholder?: string }) {
  const kept = useQuery(name);
  const [text, setText] = useState(kept);
  useEffect(() => setText(kept), [kept]);
  useEffect(() => {
    if (text.trim() === kept) {
      return undefined;
    }
    const timer = setTimeout(() => setQuery({ [name]: text.trim() }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="search">
      <Icon d={search} />
      <input class="input" type="search" dir="auto" aria-label={label} placeholder={placeholder ?? label} value={text} onInput={(event) => setText(event.currentTarget.value)} />
    </div>
  );
}

interface PickProps {
  name: string;
  label: string;
  /** The first one is what holds when nothing is said; its value is empty. */
  options: readonly { value: string; label: string }[];
}

/** A choice of a few, under the parameter `name`. */
export function PickFilter({ name, label, options }: PickProps) {
  const kept = useQuery(name);
  return (
    <select class={kept === "" ? "input pick" : "input pick set"} aria-label={label} value={kept} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export function Filters({ children }: { children: ComponentChildren }) {
  return (
    <div class="filters" role="search">
      {children}
    </div>
  );
}

/** Forgets these parameters of the address. */
export function clearQuery(names: readonly string[]): void {
  setQuery(Object.fromEntries(names.map((name) => [name, undefined])));
}
