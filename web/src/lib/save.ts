// Files to take along: fetched with everything a request needs, and then given to the browser to keep.
import { toldBy, unreachable } from "./api/problem";

/** Fetches `path` and has the browser keep it as `name`. A refusal is thrown as a `Problem`. */
export async function saveFile(path: string, name: string): Promise<void> {
  const response = await fetch(path).catch(() => Promise.reject(unreachable()));
  if (!response.ok) {
    throw toldBy(await response.json().catch(() => undefined), response);
  }
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The browser takes the file in its own time; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
