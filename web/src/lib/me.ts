// Who is signed in, shared by all blocks of a panel.
import { api, ask, type Schema } from "./api/client";
import { createStore } from "./store";

export type Me = Schema<"Me">;

/** Who is signed in, as last answered; nothing before the first answer. */
export const me = createStore<Me | undefined>(undefined);

/** Asks who is signed in; leads to signing in if nobody is. */
export async function loadMe(): Promise<Me> {
  const found = await ask(api.GET("/api/me"));
  me.set(found);
  return found;
}

/** Changes what is known of who is signed in. */
export function putMe(change: Partial<Me>): void {
  const now = me.get();
  if (now !== undefined) {
    me.set({ ...now, ...change });
  }
}

/** Whether this browser sent a session's cookie with the page: only then asking who is signed in is worth it. */
export const hasSession = document.documentElement.dataset["session"] === "yes";
