// The one stream of this tab: open only while the tab is visible, resumed where it was left.
import { api, ask } from "./api/client";
import { createStore } from "./store";

export type Liveness = "live" | "reconnecting" | "paused";
type Listener = (data: never) => void;

/** How the stream stands. */
export const liveness = createStore<Liveness>("reconnecting");

const listeners = new Map<string, Set<Listener>>();
let topics = "";
let source: EventSource | undefined;
let lastSeq = "";
let retry: ReturnType<typeof setTimeout> | undefined;

/** How long to wait after the server closed for good, in milliseconds. */
const RETRY_MS = 5_000;

function hear(name: string): void {
  source?.addEventListener(name, (event) => {
    const message = event as MessageEvent<string>;
    lastSeq = message.lastEventId || lastSeq;
    const data = JSON.parse(message.data) as never;
    listeners.get(name)?.forEach((listener) => listener(data));
  });
}

/** Calls `listener` with the data of every event called `name`, until the function it gives is called. */
export function onEvent<T>(name: string, listener: (data: T) => void): () => void {
  const set = listeners.get(name) ?? new Set<Listener>();
  if (!listeners.has(name)) {
    listeners.set(name, set);
    hear(name);
  }
  set.add(listener as Listener);
  return () => set.delete(listener as Listener);
}

function close(state: Liveness): void {
  clearTimeout(retry);
  source?.close();
  source = undefined;
  liveness.set(state);
}

/** A closed stream says nothing of why: if the session has ended, asking who we are leads to signing in. */
async function closed(): Promise<void> {
  close("reconnecting");
  await ask(api.GET("/api/me")).catch(() => undefined);
  retry = setTimeout(open, RETRY_MS);
}

function open(): void {
  if (source !== undefined || document.visibilityState !== "visible" || liveness.get() === "paused") {
    return;
  }
  const after = lastSeq === "" ? "" : `&after=${lastSeq}`;
  source = new EventSource(`/api/stream?topics=${topics}${after}`);
  source.addEventListener("open", () => liveness.set("live"));
  source.addEventListener("error", () => {
    liveness.set("reconnecting");
    if (source?.readyState === EventSource.CLOSED) {
      void closed();
    }
  });
  [...listeners.keys()].forEach(hear);
}

/** Stops or resumes the stream, and with it everything that is drawn as it happens. */
export function setPaused(isPaused: boolean): void {
  close(isPaused ? "paused" : "reconnecting");
  open();
}

/** Begins to listen to `names`, separated by commas. To be called once, by a panel whose user is signed in. */
export function startStream(names: string): void {
  topics = names;
  onEvent<{ reason: string }>("bye", ({ reason }) => {
    if (reason === "too_many") {
      // Another tab of this session took the place; going on would take it from the next.
      close("paused");
    } else if (reason === "session_ended") {
      void closed();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      open();
    } else if (liveness.get() !== "paused") {
      close("reconnecting");
    }
  });
  open();
}
