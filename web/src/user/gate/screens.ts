// ALL pages of those who are not signed in. Signing in has its words with the frame; the others bring theirs.
import type { ScreenEntry } from "../../lib/screens";
import type { WordsLoader } from "../../lib/words";

const words: WordsLoader = { en: () => import("./ways/en"), fa: () => import("./ways/fa") };
const link = () => import("./link");

export const GATES: readonly ScreenEntry[] = [
  { path: "/login", load: () => import("./login") },
  { path: "/register", load: () => import("./register"), words },
  { path: "/forgot", load: () => import("./forgot"), words },
  { path: "/setup", load: () => import("./setup"), words },
  { path: "/verify", load: link, words },
  { path: "/reset", load: link, words },
  { path: "/confirm", load: link, words },
  { path: "/invitation", load: link, words },
  { path: "/not-me", load: link, words },
  { path: "/unsubscribe/:token", load: () => import("./unsubscribe"), words },
];
