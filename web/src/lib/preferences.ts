// What somebody likes: language, theme, and how numbers and dates are written; kept in this browser.
import { readCookie, writeCookie } from "./cookies";
import { createStore } from "./store";

export const LANGUAGES = ["en", "fa"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = "system" | "light" | "dark";

export interface Preferences {
  /** `gregory` or `persian`; what the language usually has if it is empty. */
  calendar: "" | "gregory" | "persian";
  /** `latn` or `arabext`; what the language usually has if it is empty. */
  digits: "" | "latn" | "arabext";
  /** An IANA time zone; the browser's own if it is empty. */
  zone: string;
  density: "" | "compact";
  motion: "" | "less";
  /** Whether single keys do something. */
  keys: "" | "off";
}

const NONE: Preferences = { calendar: "", digits: "", zone: "", density: "", motion: "", keys: "" };

const root = document.documentElement;

/** The page's language: the server chose it. */
export const language: Language = root.lang === "fa" ? "fa" : "en";

function kept(): Preferences {
  const pairs = Object.fromEntries(new URLSearchParams(readCookie("galen_view") ?? ""));
  return { ...NONE, ...pairs };
}

/** What is preferred just now. */
export const preferences = createStore<Preferences>(kept());

function apply({ density, motion }: Preferences): void {
  root.dataset["density"] = density;
  root.dataset["motion"] = motion;
}

apply(preferences.get());

/** Changes preferences, for this browser. */
export function prefer(change: Partial<Preferences>): void {
  const next = { ...preferences.get(), ...change };
  const said = Object.entries(next).filter(([, value]) => value !== "");
  writeCookie("galen_view", new URLSearchParams(said).toString());
  apply(next);
  preferences.set(next);
}

/** The theme that is chosen; `system` follows the system. */
export const theme = createStore<Theme>((root.dataset["theme"] as Theme | undefined) ?? "system");

export function setTheme(next: Theme): void {
  root.dataset["theme"] = next;
  writeCookie("galen_theme", next === "system" ? "" : next);
  theme.set(next);
}

/** Changes the language. The page is asked for anew, so that not a word of the old one stays. */
export function setLanguage(next: Language): void {
  writeCookie("galen_lang", next);
  location.reload();
}
