// How many notifications are unread, kept right by what the stream tells.
import { me, loadMe, putMe } from "../../lib/me";
import { onEvent } from "../../lib/stream";
import { titleMark } from "../../ui/screen";
import type { Notification } from "./words";

interface Counts {
  unread: number;
  unseen: number;
}

function put({ unread, unseen }: Counts): void {
  putMe({ unread, unseen });
}

function add(item: Notification): void {
  const now = me.get();
  if (now !== undefined && item.state === "unseen") {
    put({ unread: now.unread + 1, unseen: now.unseen + 1 });
  }
}

/** Begins to follow the counts; to be called once. */
export function followCounts(): void {
  onEvent<Counts>("ready", put);
  onEvent<Counts>("marked", put);
  onEvent<Notification>("notification", add);
  const anew = () => void loadMe().catch(() => undefined);
  onEvent("refresh", anew);
  onEvent("recalled", anew);
  me.watch((who) => titleMark.set(who && who.unread > 0 ? `(${who.unread})` : ""));
}
