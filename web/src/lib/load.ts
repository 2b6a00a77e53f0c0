// Asking the API for what a block shows, and everything that can become of it.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { broken, type Problem } from "./api/problem";

export interface Loaded<T> {
  /** What was last answered. It stays while it is asked for anew. */
  data: T | undefined;
  /** Why the last asking failed, if it did; with `data` beside it, that is stale. */
  problem: Problem | undefined;
  isBusy: boolean;
  /** When `data` came, in milliseconds since 1970. */
  at: number;
  reload(): void;
  /** Puts in place what is known better than the server will tell in a moment. */
  put(change: (data: T) => T): void;
}

/** Asks with `ask` when the block appears and whenever `key` changes. Only the newest answer counts. */
export function useLoad<T>(ask: () => Promise<T>, key: string = ""): Loaded<T> {
  const [state, setState] = useState<{ data?: T; problem?: Problem; isBusy: boolean; at: number; key: string }>({
    isBusy: true,
    at: 0,
    key,
  });
  const turn = useRef(0);
  const asking = useRef(ask);
  asking.current = ask;
  const reload = useCallback(() => {
    turn.current += 1;
    const mine = turn.current;
    setState((now) => ({ ...now, isBusy: true }));
    asking.current().then(
      (data) => mine === turn.current && setState({ data, isBusy: false, at: Date.now(), key }),
      (error) => mine === turn.current && setState((now) => ({ ...now, problem: broken(error), isBusy: false, key })),
    );
  }, [key]);
  useEffect(() => {
    reload();
    return () => {
      turn.current += 1;
    };
  }, [reload]);
  const put = useCallback(
    (change: (data: T) => T) => setState((now) => (now.data === undefined ? now : { ...now, data: change(now.data) })),
    [],
  );
  const isCurrent = state.key === key;
  return {
    data: isCurrent ? state.data : undefined,
    problem: isCurrent ? state.problem : undefined,
    isBusy: state.isBusy || !isCurrent,
    at: state.at,
    reload,
    put,
  };
}

export interface Page<T> {
  items: T[];
  next?: string | null;
}

/** A list that comes in keyset pages: `more` asks for the next one and adds it. */
export function usePages<P extends Page<unknown>>(ask: (after: string | undefined) => Promise<P>, key: string = "") {
  const loaded = useLoad(() => ask(undefined), key);
  const [isMore, setMore] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const more = async () => {
    const after = loaded.data?.next;
    if (!after || isMore) {
      return;
    }
    setMore(true);
    setProblem(undefined);
    try {
      const page = await ask(after);
      loaded.put((now) => ({ ...page, items: [...now.items, ...page.items] }));
    } catch (error) {
      setProblem(broken(error));
    } finally {
      setMore(false);
    }
  };
  return { ...loaded, more, isMore, moreProblem: problem };
}

export interface Act<A extends unknown[]> {
  run(...args: A): Promise<boolean>;
  isBusy: boolean;
  problem: Problem | undefined;
  clear(): void;
}

/** Does something once at a time; gives whether it was done, and keeps why it was not. */
export function useAct<A extends unknown[]>(act: (...args: A) => Promise<unknown>): Act<A> {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const busy = useRef(false);
  const acting = useRef(act);
  acting.current = act;
  const run = useCallback(async (...args: A) => {
    if (busy.current) {
      return false;
    }
    busy.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      await acting.current(...args);
      return true;
    } catch (error) {
      setProblem(broken(error));
      return false;
    } finally {
      busy.current = false;
      setBusy(false);
    }
  }, []);
  const clear = useCallback(() => setProblem(undefined), []);
  return { run, isBusy, problem, clear };
}
