// How many bytes a page costs, with everything it fetches, as brotli sends it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, signIn, startBrowser, startGalen, until } from "./house.mjs";
import { watchedPage } from "./watch.mjs";

let galen;
let browser;

before(async () => {
  [galen, browser] = await Promise.all([startGalen(), startBrowser()]);
  await galen.addUser("sara@example.org", "--name", "Sara");
  await galen.addUser("ann@example.org", "--admin", "--name", "Ann");
});

after(async () => {
  await browser?.close();
  await galen?.stop();
});

/** The bytes of pages, scripts, styles and pictures of one visit with an empty cache; answers of the API are not counted. */
async function bytesOf(page, act) {
  const session = await page.context().newCDPSession(page);
  const paths = new Map();
  let bytes = 0;
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  session.on("Network.requestWillBeSent", ({ requestId, request }) => paths.set(requestId, new URL(request.url).pathname));
  session.on("Network.dataReceived", ({ requestId, encodedDataLength }) => {
    bytes += paths.get(requestId)?.startsWith("/api/") ? 0 : encodedDataLength;
  });
  await act();
  await page.waitForLoadState("networkidle");
  await session.detach();
  return bytes;
}

const BUDGETS = [
  ["/login", 25_000],
  ["/dashboard", 40_000],
  // With its chart drawn.
  ["/admin", 70_000],
];

for (const [path, budget] of BUDGETS) {
  test(`${path} costs at most ${budget / 1000} KB`, async () => {
    const page = await watchedPage(browser, { url: galen.url });
    if (path !== "/login") {
      await signIn(page, galen.url, path === "/admin" ? "ann@example.org" : "sara@example.org", path);
      if (path === "/admin") {
        // Without a failed sign-in there is nothing to draw.
        await call(page, "POST", "/api/auth/login", { email: "nobody@example.org", password: "no password of anybody" });
        await until("a first window of the monitor", async () => (await call(page, "GET", "/api/admin/monitor/series?metric=login_failures")).body.series.steps.length > 0);
      }
      await page.close();
    }
    const fresh = await page.context().newPage();
    // The stream of the panel never ends, so the network is idle only without it.
    await fresh.route("**/api/stream*", (route) => route.abort());
    const bytes = await bytesOf(fresh, async () => {
      await fresh.goto(galen.url + path);
      if (path === "/admin") {
        await fresh.locator(".plot canvas").waitFor();
      }
    });
    process.stdout.write(`# ${path}: ${bytes} bytes\n`);
    assert.ok(bytes > 5_000 && bytes <= budget, `${path}: ${bytes} bytes of ${budget}`);
    await page.context().close();
  });
}

test("a user never downloads a byte of the administrators' panel", async () => {
  const page = await watchedPage(browser, { url: galen.url });
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, galen.url, "sara@example.org");
  for (const path of ["/settings/sessions", "/notifications"]) {
    await page.goto(galen.url + path);
    await page.locator("h1").waitFor();
  }
  assert.deepEqual(asked.filter((path) => path.includes("admin")), []);
  await page.context().close();
});
