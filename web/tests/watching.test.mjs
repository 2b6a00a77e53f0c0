// The operator's screens: a fault is seen as an alert, the doctor finds and mends another, and every screen is without fault.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { signIn, startBrowser, startGalen } from "./house.mjs";
import { overflow, settled, smallTargets, violations } from "./looking.mjs";
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

const HOLD = `
import sqlite3, sys
held = sqlite3.connect("dev.db", isolation_level=None, timeout=30)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
held.execute("ROLLBACK")
`;

/** Another process takes the write lock, until the function that is given is called. */
async function holdWriteLock() {
  const child = spawn("python3", ["-c", HOLD], { cwd: galen.cwd, stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await once(child, "exit");
  };
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

test("a held write lock is seen as one alert with its holder, and is over when it is let go", async () => {
  const page = await adminPage("/admin/alerts");
  page.allowed.push(503);
  await page.getByText("Nothing fires").waitFor();
  const letGo = await holdWriteLock();
  const alert = page.getByRole("link", { name: "the write lock" });
  await alert.waitFor({ timeout: PATIENCE_MS });
  assert.match(await page.locator(".alert-row").innerText(), /The writer is held up/);
  assert.match(await page.locator(".alert-row").innerText(), /python3/);
  await letGo();
  await alert.click();
  await page.getByRole("heading", { name: "Symptoms" }).waitFor();
  await page.locator(".uplot canvas").first().waitFor();
  await page.getByText("Over", { exact: true }).first().waitFor({ timeout: PATIENCE_MS });
  await page.getByRole("link", { name: "All alerts" }).click();
  await page.getByRole("link", { name: "History" }).click();
  await page.getByRole("link", { name: "the write lock" }).waitFor();
  clean(page);
  await page.context().close();
});

test("a rule says what it would have done, is changed, and set back", async () => {
  const page = await adminPage("/admin/alerts?tab=rules");
  const rule = page.locator(".rule", { hasText: "Many active sessions" });
  await rule.getByRole("button", { name: "Change the rule" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Threshold").fill("0");
  await dialog.getByText(/Would have fired/).waitFor();
  await dialog.getByLabel("Threshold").fill("1234");
  await dialog.getByRole("button", { name: "Save" }).click();
  await rule.getByText("1,234").waitFor();
  await rule.getByRole("button", { name: "Back to default" }).click();
  await rule.getByText("1,000").waitFor();
  clean(page);
  await page.context().close();
});

test("a silence has a reason and an end, and is ended", async () => {
  const page = await adminPage("/admin/alerts?tab=silences");
  await page.getByText("Nothing is silenced").waitFor();
  await page.getByRole("button", { name: "Silence…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Silence" }).click();
  await dialog.locator("[aria-invalid=true], [role=alert]").first().waitFor();
  page.allowed.push(422);
  page.faults.splice(0);
  await dialog.getByLabel("Reason").fill("moving house");
  await dialog.getByRole("button", { name: "Silence" }).click();
  await page.getByText("moving house").waitFor();
  await page.getByText("Everything is silenced").waitFor();
  await page.getByRole("button", { name: "End now" }).click();
  await page.getByText("Nothing is silenced").waitFor();
  clean(page);
  await page.context().close();
});

test("health draws what was measured, shows it as a table, and keeps its range in the address", async () => {
  const page = await adminPage("/admin/health?range=15m");
  await page.locator(".uplot canvas").first().waitFor({ timeout: 60_000 });
  const chart = page.locator(".chart", { hasText: "Response time" });
  assert.match(await chart.locator(".plot").getAttribute("aria-label"), /p95: last .*, lowest .*, mean .*, highest/);
  await chart.getByRole("button", { name: "Show as table" }).click();
  await chart.locator("tbody tr").first().waitFor();
  await page.getByRole("button", { name: "6 h", exact: true }).click();
  await page.waitForURL(/range=6h/);
  await page.getByLabel("Compare with before").check();
  await page.waitForURL(/compare=previous/);
  const plot = page.locator(".chart", { hasText: "Memory" }).locator(".u-over");
  await plot.scrollIntoViewIfNeeded();
  await plot.waitFor();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=\d+&until=\d+/);
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes("from="));
  await page.getByLabel("Find a route").fill("/api/auth/login");
  await page.getByRole("link", { name: "POST /api/auth/login" }).click();
  await page.getByRole("heading", { name: "Where the time went" }).waitFor();
  await page.getByText("Hashing a password").first().waitFor();
  clean(page);
  await page.context().close();
});

test("queries are listed by three views, and one of them opens", async () => {
  const page = await adminPage("/admin/queries");
  await page.locator("tbody tr").first().waitFor({ timeout: 60_000 });
  await page.getByRole("link", { name: "Slowest" }).click();
  await page.waitForURL(/view=slowest/);
  await page.locator("tbody a").first().click();
  await page.getByRole("heading", { name: "Over time" }).waitFor();
  await page.locator(".uplot canvas").first().waitFor();
  clean(page);
  await page.context().close();
});

test("the doctor is run from the panel, its finding is read to the evidence, and its repair is proven", { timeout: 3 * PATIENCE_MS }, async () => {
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

const SCREENS = ["/admin/health", "/admin/health/route?name=POST%20%2Fapi%2Fauth%2Flogin", "/admin/alerts", "/admin/alerts?tab=rules", "/admin/alerts?tab=silences", "/admin/alerts?tab=history", "/admin/queries", "/admin/queries/session.of_user", "/admin/doctor"];

for (const language of ["en", "fa"]) {
  for (const theme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`the operator's screens are without fault in ${language}, ${theme}, ${width} px`, { timeout: PATIENCE_MS }, async () => {
        const page = await adminPage("/admin/health", { language, theme, width });
        const faults = [];
        for (const path of examined ? [...SCREENS, examined] : SCREENS) {
          await page.goto(galen.url + path);
          await settled(page);
          const tooWide = (await page.evaluate(overflow)) > 0 ? ["wider than the window"] : [];
          const found = [...(await violations(page)), ...(await page.evaluate(smallTargets)), ...tooWide];
          faults.push(...found.map((fault) => `${path}: ${fault}`));
        }
        assert.deepEqual(faults, []);
        clean(page);
        await page.context().close();
      });
    }
  }
}
