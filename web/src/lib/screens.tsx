// ALL screens of a panel are a list of these; each comes with its own file and its own words when it is asked for.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { broken, type Problem } from "./api/problem";
import { match, place } from "./router";
import { useStore } from "./store";
import { learn, type WordsLoader } from "./words";

export type Params = Record<string, string>;

export interface ScreenEntry {
  /** The path; parts that begin with `:` are parameters. */
  path: string;
  load(): Promise<{ default: ComponentType<{ params: Params }> }>;
  words?: WordsLoader;
}

interface Shown {
  entry: ScreenEntry;
  params: Params;
  View: ComponentType<{ params: Params }>;
}

/** After an update of the server the files a page knows are gone: it is asked for anew, once. */
function reloadOnce(): boolean {
  const mark = `galen-reload ${location.pathname}`;
  if (history.state === mark) {
    return false;
  }
  history.replaceState(mark, "", location.href);
  location.reload();
  return true;
}

async function get(entry: ScreenEntry): Promise<ComponentType<{ params: Params }>> {
  const [found] = await Promise.all([entry.load(), entry.words && learn(entry.words)]);
  return found.default;
}

/** The screen of the address: the last one stays until the next is there. */
export function useScreen(screens: readonly ScreenEntry[]): { shown: Shown | undefined; problem: Problem | undefined; isMissing: boolean } {
  const { path } = useStore(place);
  const [shown, setShown] = useState<Shown>();
  const [problem, setProblem] = useState<Problem>();
  const found = screens.map((entry) => ({ entry, params: match(entry.path, path) })).find(({ params }) => params);
  useEffect(() => {
    if (!found?.params) {
      return undefined;
    }
    let isWanted = true;
    const { entry, params } = { entry: found.entry, params: found.params };
    const show = (View: ComponentType<{ params: Params }>) => isWanted && setShown({ entry, params, View });
    setProblem(undefined);
    get(entry).then(show, (error) => {
      const isLost = error instanceof TypeError && reloadOnce();
      if (isWanted && !isLost) {
        setProblem(broken(error));
      }
    });
    return () => {
      isWanted = false;
    };
  }, [path]);
  return { shown, problem, isMissing: found === undefined };
}
