// Short words about something that was done. What went wrong does not go here: it stays where it happened.
import { createStore, useStore } from "../lib/store";
import { Icon } from "./icon";
import { check } from "./icons";

interface Toast {
  id: number;
  text: string;
}

const STAYS_MS = 5_000;
/** More at once would cover the page; the oldest goes. */
const MOST = 3;

const toasts = createStore<Toast[]>([]);
let count = 0;

/** Says that something was done. */
export function toast(text: string): void {
  count += 1;
  const id = count;
  toasts.set([...toasts.get(), { id, text }].slice(-MOST));
  setTimeout(() => toasts.set(toasts.get().filter((one) => one.id !== id)), STAYS_MS);
}

export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div class="toasts" role="status">
      {shown.map((one) => (
        <p key={one.id} class="toast">
          <Icon d={check} />
          {one.text}
        </p>
      ))}
    </div>
  );
}
