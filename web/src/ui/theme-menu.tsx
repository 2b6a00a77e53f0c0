// The menu of looks: theme and language, wherever one is.
import { LANGUAGES, language, setLanguage, setTheme, theme, type Language, type Theme } from "../lib/preferences";
import { useStore } from "../lib/store";
import { wordsOf } from "../lib/words";
import { contrast, moon, sun, check } from "./icons";
import { Menu } from "./popover";

const t = wordsOf();

/** Each language is called what its speakers call it. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", fa: "فارسی" };
const THEMES: readonly (readonly [Theme, string])[] = [["system", contrast], ["light", sun], ["dark", moon]];

export function LookMenu() {
  const chosen = useStore(theme);
  const themes = THEMES.map(([name, icon]) => ({
    icon: name === chosen ? check : icon,
    label: t(`theme.${name}`),
    act: () => setTheme(name),
  }));
  const languages = LANGUAGES.map((name) => ({
    icon: name === language ? check : "",
    label: <span lang={name}>{LANGUAGE_NAMES[name]}</span>,
    act: () => name !== language && setLanguage(name),
  }));
  return <Menu label={t("look")} icon={contrast} items={[...themes, null, ...languages]} />;
}
