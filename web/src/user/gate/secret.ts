// The secret of a mailed link: it stands behind the "#" of the address, which browsers send nowhere.

/** The secret in a link or a fragment, or the text itself, in case somebody pasted only that. */
export function secretIn(text: string): string {
  const fragment = text.split("#").at(-1) ?? "";
  return new URLSearchParams(fragment).get("token") ?? text.trim();
}

const found = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";

/** The secret the page was opened with, or an empty text. */
export const openedWith = found;

// It leaves the address bar at once, so that it stays in no history and on no screenshot.
if (found !== "") {
  history.replaceState(null, "", location.pathname + location.search);
}
