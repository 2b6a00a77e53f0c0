// How a panel begins: its first words, then its first drawing, and what to say if even that fails.
import { type ComponentType, render } from "preact";

import { followLinks } from "./router";
import { learn, type WordsLoader } from "./words";

const shared: WordsLoader = { en: () => import("../words/shared/en"), fa: () => import("../words/shared/fa") };

/** Draws `App` when the words it needs at once are there. */
export async function start(App: ComponentType, ...words: WordsLoader[]): Promise<void> {
  const root = document.getElementById("app");
  if (root === null) {
    return;
  }
  try {
    await Promise.all([shared, ...words].map(learn));
  } catch {
    // No words came, so these two stand here in both languages.
    root.textContent = "Galen cannot be reached. · دسترسی به گالن ممکن نیست.";
    return;
  }
  followLinks();
  render(<App />, root);
}
