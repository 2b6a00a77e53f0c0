// The ways out of a panel and back: to signing in, and to where somebody wanted to go.

/** Goes to signing in, and from there back to this page. */
export function leaveForLogin(): void {
  if (location.pathname === "/login") {
    return;
  }
  const here = location.pathname + location.search;
  const next = here === "/" ? "" : `?next=${encodeURIComponent(here)}`;
  location.assign(`/login${next}`);
}

/** Where `next` leads: a path of this origin and nothing else, or the dashboard. */
export function safeNext(next: string | null): string {
  if (!next?.startsWith("/")) {
    return "/dashboard";
  }
  const url = new URL(next, location.origin);
  // `//host` and `/\host` are other origins to a browser, which is what the constructor finds out.
  return url.origin === location.origin ? url.pathname + url.search + url.hash : "/dashboard";
}

/** Whether the panel of this page has the path; others are asked of the server. */
export function isOfAdmins(path: string): boolean {
  return path === "/admin" || path.startsWith("/admin/");
}
