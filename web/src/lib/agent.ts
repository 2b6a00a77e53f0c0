// What a program called itself, as a person would say it: a browser, a system, and whether it is held in the hand.

export interface Agent {
  /** Empty when it is none that is known. */
  browser: string;
  system: string;
  isPhone: boolean;
}

/** The first that fits: browsers call themselves by the names of those before them, too. */
const BROWSERS: readonly [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/(?:Firefox|FxiOS)\//, "Firefox"],
  [/(?:HeadlessChrome|Chrome|CriOS)\//, "Chrome"],
  [/Safari\//, "Safari"],
  [/^curl\//, "curl"],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

const named = (known: readonly [RegExp, string][], text: string): string => known.find(([form]) => form.test(text))?.[1] ?? "";

/** What is known of the program that called itself `text`. */
export function agentOf(text: string | null | undefined): Agent {
  const said = text ?? "";
  return { browser: named(BROWSERS, said), system: named(SYSTEMS, said), isPhone: /Mobi|iPhone|Android/.test(said) };
}

/** The program in a few words; what it called itself, when it is none that is known. */
export function agentName(text: string | null | undefined, unknown: string): string {
  const { browser, system } = agentOf(text);
  return [browser, system].filter(Boolean).join(" · ") || text?.slice(0, 60) || unknown;
}
