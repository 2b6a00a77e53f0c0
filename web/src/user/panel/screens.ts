// ALL screens of the user's panel: a screen is its own lazy file, with the words of its area, and one entry here.
import type { ScreenEntry } from "../../lib/screens";
import type { WordsLoader } from "../../lib/words";

const settings: WordsLoader = { en: () => import("../settings/en"), fa: () => import("../settings/fa") };
const inbox = () => import("../inbox/screen");

export const SCREENS: readonly ScreenEntry[] = [
  { path: "/", load: () => import("../home/root") },
  { path: "/dashboard", load: () => import("../home/screen"), words: { en: () => import("../home/en"), fa: () => import("../home/fa") } },
  { path: "/notifications", load: inbox },
  { path: "/settings", load: () => import("../settings/root") },
  { path: "/settings/profile", load: () => import("../settings/profile"), words: settings },
  { path: "/settings/security", load: () => import("../settings/security"), words: settings },
  { path: "/settings/sessions", load: () => import("../settings/sessions"), words: settings },
  { path: "/settings/security-log", load: () => import("../settings/log"), words: settings },
  { path: "/settings/notifications", load: () => import("../settings/notifications"), words: settings },
  { path: "/settings/preferences", load: () => import("../settings/preferences"), words: settings },
  { path: "/settings/data", load: () => import("../settings/data"), words: settings },
];
