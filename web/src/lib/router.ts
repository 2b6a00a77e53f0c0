// The address is the state: which screen is shown, and with what, stands in it and nowhere else.
import { isOfAdmins } from "./leave";
import { createStore, useStore } from "./store";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

/** Where we are. */
export const place = createStore<Place>(here());

/** Goes to a path of this panel; `replace` leaves no step back. */
export function go(to: string, replace = false): void {
  if (isOfAdmins(new URL(to, location.href).pathname) !== isOfAdmins(location.pathname)) {
    location.assign(to);
    return;
  }
  history[replace ? "replaceState" : "pushState"](null, "", to);
  place.set(here());
}

/** Changes parameters of the address; an empty one is left out. */
export function setQuery(change: Record<string, string | undefined>, replace = true): void {
  const { path, query } = here();
  for (const [name, value] of Object.entries(change)) {
    if (value) {
      query.set(name, value);
    } else {
      query.delete(name);
    }
  }
  const text = query.toString();
  go(text === "" ? path : `${path}?${text}`, replace);
}

/** A parameter of the address, or an empty text. */
export function useQuery(name: string): string {
  return useStore(place).query.get(name) ?? "";
}

/** The parts of `path` that `pattern` names (`/users/:id`), or nothing if it is another path. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.replace(/(.)\/$/, "$1").split("/");
  const params: Record<string, string> = {};
  const fits = wanted.every((part, at) => {
    if (part.startsWith(":")) {
      params[part.slice(1)] = decodeURIComponent(given[at] ?? "");
      return given[at] !== undefined && given[at] !== "";
    }
    return part === given[at];
  });
  return fits && wanted.length === given.length ? params : undefined;
}

function ownLink(event: MouseEvent): HTMLAnchorElement | undefined {
  const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  const link = (event.target as Element | null)?.closest?.("a");
  const isOurs = link?.origin === location.origin && !link.target && !link.hasAttribute("download");
  return isPlain && !event.defaultPrevented && isOurs && link ? link : undefined;
}

/** Follows links inside the panel without asking the server for a page. */
export function followLinks(): void {
  window.addEventListener("popstate", () => place.set(here()));
  document.addEventListener("click", (event) => {
    const link = ownLink(event);
    const isElsewhere = link === undefined || link.pathname.startsWith("/api/") || link.pathname === location.pathname && link.hash !== "";
    if (isElsewhere || isOfAdmins(link.pathname) !== isOfAdmins(location.pathname)) {
      return;
    }
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}
