// Watching: a fault is seen as an alert, rules and silences, charts over ranges of time, and queries.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { signIn, startBrowser, startGalen } from "./house.mjs";
import { clean, watchedPage } from "./watch.mjs";

// An alert fires and is over in its own time.
const PATIENCE_MS = 200_000;

let galen;
let browser;

before(async () => {
  [galen, browser] = await Promise.all([startGalen("[doctor]\non_alert = false\n"), startBrowser()]);
  await galen.addUser("ann@example.org", "--admin", "--name", "Ann");
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
  await page.getByText("Requests · before").waitFor();
  const plot = page.locator(".chart", { hasText: "Problems answered" }).locator(".u-over");
  await plot.waitFor();
  await plot.scrollIntoViewIfNeeded();
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
