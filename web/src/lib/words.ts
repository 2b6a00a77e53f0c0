// The words of the screens: flat, typed dictionaries that arrive with the screens that need them.
import type { ComponentChild } from "preact";

import { formatNumber, pluralOf } from "./format";
import { language, type Language } from "./preferences";
import type shared from "../words/shared/en";

export type Dictionary = Readonly<Record<string, string>>;
/** What a language must say to say everything that English says. */
export type Translated<T extends Dictionary> = { readonly [key in keyof T]: string };
export type WordsLoader = Record<Language, () => Promise<{ default: Dictionary }>>;
type Values = Record<string, string | number>;
type Shared = typeof shared;
/** The beginnings of keys that have a form for each plural: `x.one` and `x.other` are asked for as `x`. */
type PluralKey<T> = keyof T extends infer K ? (K extends `${infer B}.other` ? B : never) : never;

export interface Words<T extends Dictionary> {
  /** The words under a key, with values put in place of `{names}`. Numbers are written as preferred. */
  (key: keyof T & string, values?: Values): string;
  /** The words under a key in the form that goes with `count`, which is also the value `{n}`. */
  many(key: PluralKey<T> & string, count: number, values?: Values): string;
  /** As the words, but with elements in place of `{names}`. */
  rich(key: keyof T & string, parts: Record<string, ComponentChild>): ComponentChild[];
  /** The words under a key that was put together, or `otherwise`. */
  maybe(key: string, otherwise: string, values?: Values): string;
}

let known: Record<string, string> = {};

/** Gets the words of a screen in the page's language. */
export async function learn(loader: WordsLoader): Promise<void> {
  const { default: words } = await loader[language]();
  known = { ...known, ...words };
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === "number" ? formatNumber(value) : (value ?? whole);
  });
}

function say(key: string, values: Values = {}): string {
  return fill(known[key] ?? key, values);
}

const words = Object.assign(say, {
  many: (key: string, count: number, values: Values = {}) =>
    say(known[`${key}.${pluralOf(count)}`] === undefined ? `${key}.other` : `${key}.${pluralOf(count)}`, {
      n: count,
      ...values,
    }),
  rich: (key: string, parts: Record<string, ComponentChild>) =>
    (known[key] ?? key).split(/(\{\w+\})/).map((part) => parts[part.slice(1, -1)] ?? part),
  maybe: (key: string, otherwise: string, values: Values = {}) =>
    known[key] === undefined ? otherwise : say(key, values),
});

/** The words, as a screen with the dictionary `T` may ask for them. */
export function wordsOf<T extends Dictionary = Shared>(): Words<T & Shared> {
  return words as Words<T & Shared>;
}
