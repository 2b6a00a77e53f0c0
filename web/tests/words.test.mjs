// The dictionaries: Persian has every place that English has for a value, and no key means two things.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const src = join(dirname(fileURLToPath(import.meta.url)), "../src");

/** The entries of a dictionary, read as text: they are one `key: "words",` a line. */
async function entries(file) {
  const text = await readFile(file, "utf8");
  return new Map([...text.matchAll(/^ {2}"?([\w.-]+)"?:\s+"((?:[^"\\]|\\.)*)",$/gm)].map(([, key, words]) => [key, words]));
}

async function dictionaries() {
  const files = await readdir(src, { recursive: true });
  return files.filter((file) => /(^|[/.])en\.ts$/.test(file)).map((file) => join(src, file));
}

const places = (words) => [...words.matchAll(/\{\w+\}/g)].map(([place]) => place).toSorted();

test("a translation has the same places for values", async () => {
  const files = await dictionaries();
  assert.ok(files.length > 4);
  for (const file of files) {
    const en = await entries(file);
    const fa = await entries(file.replace(/en\.ts$/, "fa.ts"));
    assert.ok(en.size > 0, `${file} is read`);
    for (const [key, words] of en) {
      // The form for one need not say the number.
      if (!key.endsWith(".one")) {
        assert.deepEqual(places(fa.get(key) ?? ""), places(words), `${key} in ${file}`);
      }
    }
  }
});

test("a key means one thing in the whole house", async () => {
  const seen = new Map();
  for (const file of await dictionaries()) {
    for (const [key, words] of await entries(file)) {
      assert.equal(seen.get(key) ?? words, words, `${key} in ${file}`);
      seen.set(key, words);
    }
  }
});

test("Persian has no letter of Arabic that only looks like one of its own", async () => {
  for (const file of await dictionaries()) {
    const text = await readFile(file.replace(/en\.ts$/, "fa.ts"), "utf8");
    assert.doesNotMatch(text, /[\u0643\u064A\u0649]/, file);
  }
});
