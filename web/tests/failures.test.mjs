// With every call of the API failing in every way, no screen is blank and none is without a way out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { signIn, startBrowser, startGalen } from "./house.mjs";
import { SCREENS } from "./screens-list.mjs";
import { watchedPage } from "./watch.mjs";

let galen;
let browser;

before(async () => {
  [galen, browser] = await Promise.all([startGalen(), startBrowser()]);
  await galen.addUser("sara@example.org", "--name", "Sara");
});

after(async () => {
  await browser?.close();
  await galen?.stop();
});

const problem = (status, code) => ({
  status,
  contentType: "application/problem+json",
  headers: status === 429 ? { "retry-after": "1" } : {},
  body: JSON.stringify({ type: `/problems/${code}`, title: "It did not work", detail: "Nothing can be done.", code, status, request_id: "01a22134-173f-7802-97ca-f3420289f7dd" }),
});

const FAULTS = [
  ["500", (route) => route.fulfill(problem(500, "server.internal"))],
  ["503", (route) => route.fulfill(problem(503, "server.database_busy"))],
  ["429", (route) => route.fulfill(problem(429, "auth.too_many_attempts"))],
  ["403", (route) => route.fulfill(problem(403, "auth.not_admin"))],
  ["a proxy's own page", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" })],
  ["no network", (route) => route.abort("connectionreset")],
];

for (const [name, fault] of FAULTS) {
  test(`no screen is blank or a dead end with ${name}`, async () => {
    const page = await watchedPage(browser, { url: galen.url });
    page.allowed.push(500, 502, 503, 429, 403);
    await signIn(page, galen.url, "sara@example.org");
    await page.route(/\/api\/(?!me$|stream)/, fault);
    for (const path of SCREENS.filter((screen) => !screen.includes("?"))) {
      await page.goto(galen.url + path);
      await page.locator("h1").waitFor();
      await page.waitForFunction(() => document.querySelector(".bones") === null);
      const text = await page.locator("main").innerText();
      assert.ok(text.length > 20, `${path}: ${text}`);
      assert.doesNotMatch(text, /undefined|\[object|NaN/, path);
    }
    const isReport = (fault_) => !/ERR_|Failed to load/.test(fault_);
    assert.deepEqual(page.faults.filter(isReport), []);
    await page.context().close();
  });
}

test("what failed is tried again, and then it is there", async () => {
  const page = await watchedPage(browser, { url: galen.url });
  page.allowed.push(500);
  await signIn(page, galen.url, "sara@example.org");
  let isBroken = true;
  await page.route("**/api/me/sessions", (route) => (isBroken ? route.fulfill(problem(500, "server.internal")) : route.continue()));
  await page.goto(`${galen.url}/settings/sessions`);
  await page.getByText("Something broke on the server").waitFor();
  await page.getByText("01a22134-173f-7802-97ca-f3420289f7dd").waitFor();
  isBroken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("This device").waitFor();
  await page.context().close();
});

test("a dropped stream says so, and comes back without a gap", async () => {
  const page = await watchedPage(browser, { url: galen.url });
  await signIn(page, galen.url, "sara@example.org", "/notifications");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await page.getByText("Reconnecting…").waitFor();
  await page.context().setOffline(false);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.context().close();
});

test("a token of another session is exchanged without a word", async () => {
  const page = await watchedPage(browser, { url: galen.url });
  page.allowed.push(403);
  await signIn(page, galen.url, "sara@example.org", "/settings/profile");
  await page.getByRole("textbox", { name: "Name" }).fill("Sara A.");
  // Signing in anew in another tab replaces the session and with it the token this page knows.
  const other = await page.context().newPage();
  await other.goto(`${galen.url}/login?next=/dashboard`);
  await other.evaluate(async () => {
    const { csrf_token } = await (await fetch("/api/auth/csrf")).json();
    await fetch("/api/auth/login", { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": csrf_token }, body: JSON.stringify({ email: "sara@example.org", password: "correct horse battery staple" }) });
  });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  await page.context().close();
});
