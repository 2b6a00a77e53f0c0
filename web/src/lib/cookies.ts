// The cookies with which the server chooses language and theme before the first paint; no secret is in them.

const YEAR_S = 31_536_000;

/** The value of a cookie of ours, if it is there. */
export function readCookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found === undefined ? undefined : decodeURIComponent(found.slice(name.length + 1));
}

/** Keeps a cookie for a year, for this origin only; an empty value removes it. */
export function writeCookie(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = value === "" ? 0 : YEAR_S;
  document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}
