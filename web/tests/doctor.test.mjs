// The doctor from the panel: a fault is found, read to its evidence, mended and proven; the report in every look.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";

import { signIn, startBrowser, startGalen } from "./house.mjs";
import { faultsOf } from "./looking.mjs";
import { clean, watchedPage } from "./watch.mjs";

// Examinations take their time beside a browser and other tests.
const PATIENCE_MS = 200_000;

let galen;
let browser;
/** The address of an examination that found expired sessions, once there is one. */
let examined = "";

before(async () => {
  [galen, browser] = await Promise.all([startGalen('[doctor]\non_alert = false\n[sessions]\nsweep_every = "1d"\n'), startBrowser()]);
  await galen.addUser("ann@example.org", "--admin", "--name", "Ann");
  await galen.addUser("sara@example.org", "--name", "Sara");
});

after(async () => {
  await browser?.close();
  await galen?.stop();
});

async function adminPage(path, options = {}) {
  const page = await watchedPage(browser, { url: galen.url, ...options });
  await signIn(page, galen.url, "ann@example.org", path);
  return page;
}

const EXPIRE = `
import os, sqlite3, time
db = sqlite3.connect("dev.db", timeout=30)
user, = db.execute("SELECT id FROM users WHERE email = 'sara@example.org'").fetchone()
then = (int(time.time()) - 9 * 86400) * 1000 // 60000 * 60000
rows = [(os.urandom(16), os.urandom(32), user, then, then, then, then, then) for _ in range(2000)]
db.executemany("INSERT INTO sessions (id, token_hash, user_id, created_at, last_seen_at, authenticated_at, expires_at, ends_at) VALUES (?,?,?,?,?,?,?,?)", rows)
db.execute("INSERT INTO session_expiry_counts (expires_at, n) VALUES (?, 2000)", (then,))
db.execute("UPDATE counters SET n = n + 2000 WHERE name = 'sessions'")
db.commit()
`;

const expireSessions = () => new Promise((resolve, reject) => execFile("python3", ["-c", EXPIRE], { cwd: galen.cwd }, (error) => (error ? reject(error) : resolve())));

test("the doctor is run from the panel, its finding is read to the evidence, and its repair is proven", async () => {
  const page = await adminPage("/admin/doctor");
  page.allowed.push(403);
  await expireSessions();
  await page.getByText("Nothing was examined yet").waitFor();
  await page.getByRole("button", { name: "Examine" }).click();
  await page.getByRole("list", { name: "Stages" }).waitFor();
  await page.getByRole("heading", { name: "Expired sessions are never swept" }).waitFor({ timeout: PATIENCE_MS });
  examined = new URL(page.url()).pathname;
  const finding = page.locator(".card", { hasText: "Expired sessions are never swept" });
  assert.match(await finding.locator(".cause").innerText(), /2,000 of [\d,]+ sessions/);
  await finding.locator(".cause .cite").first().click();
  const fact = page.getByRole("dialog");
  await fact.getByText("Measure it by hand").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Ruled out").click();
  await page.locator(".ruled > li").first().waitFor();
  await finding.getByRole("button", { name: "Run repair…" }).click();
  const dialog = page.getByRole("dialog").filter({ hasText: "Dry run" });
  await dialog.getByText("Would change 2,000").waitFor({ timeout: PATIENCE_MS });
  await dialog.getByRole("button", { name: "Run repair", exact: true }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/admin/doctor/") && url.pathname !== examined);
  await page.getByText("Proven to have helped").waitFor({ timeout: PATIENCE_MS });
  await page.getByText("Changed: 2,000.").waitFor();
  await page.locator(".proof").first().waitFor();
  await page.getByLabel("Compare with…").selectOption({ index: 1 });
  await page.getByText("Compared with an earlier examination").waitFor();
  clean(page);
  await page.context().close();
});

test("a report is exported as a page, Markdown and JSON, in both languages", async () => {
  const page = await adminPage("/admin/doctor");
  const id = examined.split("/").at(-1);
  for (const [format, language, kind] of [["html", "fa", "text/html"], ["markdown", "en", "text/markdown"], ["json", "en", "application/json"]]) {
    const told = await page.evaluate(async (path) => {
      const answer = await fetch(path);
      return { status: answer.status, kind: answer.headers.get("content-type"), length: (await answer.text()).length };
    }, `/api/admin/examinations/${id}/report?format=${format}&language=${language}`);
    assert.equal(told.status, 200);
    assert.ok(told.kind.startsWith(kind) && told.length > 1_000, JSON.stringify(told));
  }
  await page.context().close();
});

test("the report is without fault in both languages and themes, narrow and wide", async () => {
  const faults = [];
  for (const [language, theme, width] of [["en", "light", 1280], ["en", "dark", 360], ["fa", "light", 360], ["fa", "dark", 1280]]) {
    const page = await adminPage("/admin/doctor", { language, theme, width });
    faults.push(...(await faultsOf(page, galen.url + examined)), ...(await faultsOf(page, `${galen.url}/admin/doctor`)));
    clean(page);
    await page.context().close();
  }
  assert.deepEqual(faults, []);
});
