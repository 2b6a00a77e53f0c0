// ALL screens of the administrators' panel: a screen is its own lazy file with its own words, and one entry here.
import type { Language } from "../lib/preferences";
import type { ScreenEntry } from "../lib/screens";
import type { Dictionary, WordsLoader } from "../lib/words";
import { bell, clock, device, gauge, gear, list, scroll, send, users } from "../ui/icons";
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

/** The words of a screen that also says what others say. */
function together(...loaders: WordsLoader[]): WordsLoader {
  const all = async (language: Language) => {
    const found = await Promise.all(loaders.map((loader) => loader[language]()));
    return { default: Object.assign({}, ...found.map((one) => one.default)) as Dictionary };
  };
  return { en: () => all("en"), fa: () => all("fa") };
}

const said: WordsLoader = { en: () => import("./said/en"), fa: () => import("./said/fa") };
const trail: WordsLoader = { en: () => import("./audit/trail.en"), fa: () => import("./audit/trail.fa") };
const sessionList: WordsLoader = { en: () => import("./sessions/list.en"), fa: () => import("./sessions/list.fa") };
const usersWords: WordsLoader = { en: () => import("./users/en"), fa: () => import("./users/fa") };

export const ALL: readonly AdminScreen[] = [
  {
    path: "/admin",
    group: "watch",
    name: { en: "Overview", fa: "نمای کلی" },
    icon: gauge,
    load: () => import("./overview/screen"),
    words: together({ en: () => import("./overview/en"), fa: () => import("./overview/fa") }, said, trail),
  },
  {
    path: "/admin/logs",
    group: "watch",
    name: { en: "Logs", fa: "رویدادنامه" },
    icon: list,
    load: () => import("./logs/screen"),
    words: { en: () => import("./logs/en"), fa: () => import("./logs/fa") },
  },
  {
    path: "/admin/users",
    group: "people",
    name: { en: "Users", fa: "کاربران" },
    icon: users,
    load: () => import("./users/screen"),
    words: together(usersWords, said),
  },
  {
    path: "/admin/users/:id",
    group: "people",
    name: { en: "User", fa: "کاربر" },
    load: () => import("./users/user"),
    words: together(usersWords, said, trail, sessionList),
  },
  {
    path: "/admin/sessions",
    group: "people",
    name: { en: "Sessions", fa: "نشست‌ها" },
    icon: device,
    load: () => import("./sessions/screen"),
    words: together({ en: () => import("./sessions/en"), fa: () => import("./sessions/fa") }, sessionList),
  },
  {
    path: "/admin/notifications",
    group: "people",
    name: { en: "Notifications", fa: "اعلان‌ها" },
    icon: bell,
    load: () => import("./notifications/screen"),
    words: { en: () => import("./notifications/en"), fa: () => import("./notifications/fa") },
  },
  {
    path: "/admin/audit",
    group: "people",
    name: { en: "Audit trail", fa: "رد ممیزی" },
    icon: scroll,
    load: () => import("./audit/screen"),
    words: together({ en: () => import("./audit/en"), fa: () => import("./audit/fa") }, said, trail),
  },
  {
    path: "/admin/channels",
    group: "house",
    name: { en: "Channels", fa: "کانال‌ها" },
    icon: send,
    load: () => import("./channels/screen"),
    words: { en: () => import("./channels/en"), fa: () => import("./channels/fa") },
  },
  {
    path: "/admin/jobs",
    group: "house",
    name: { en: "Jobs", fa: "کارها" },
    icon: clock,
    load: () => import("./jobs/screen"),
    words: { en: () => import("./jobs/en"), fa: () => import("./jobs/fa") },
  },
  {
    path: "/admin/settings",
    group: "house",
    name: { en: "Settings", fa: "تنظیم‌ها" },
    icon: gear,
    load: () => import("./settings/screen"),
    words: { en: () => import("./settings/en"), fa: () => import("./settings/fa") },
  },
  ...WATCH,
];
