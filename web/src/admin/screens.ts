// ALL screens of the administrators' panel: a screen is its own lazy file with its own words, and one entry here.
import type { Language } from "../lib/preferences";
import type { ScreenEntry } from "../lib/screens";
import { gauge } from "../ui/icons";
import { WATCH } from "./watch/screens";

/** The groups of the sidebar, in order; a group without screens is not shown. */
export const GROUPS = ["watch", "people", "mend", "house"] as const;
export type Group = (typeof GROUPS)[number];

export interface AdminScreen extends ScreenEntry {
  group: Group;
  /** What the sidebar calls it. */
  name: Record<Language, string>;
  /** Its glyph in the sidebar; without one it is not listed there (the page of one user, say). */
  icon?: string;
}

export const ALL: readonly AdminScreen[] = [
  {
    path: "/admin",
    group: "watch",
    name: { en: "Overview", fa: "نمای کلی" },
    icon: gauge,
    load: () => import("./overview/screen"),
    words: { en: () => import("./overview/en"), fa: () => import("./overview/fa") },
  },
  ...WATCH,
];
