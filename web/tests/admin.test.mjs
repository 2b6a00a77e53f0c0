// The administrators' screens in a real browser: what is done there happens, and every screen is fit to be used.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, signIn, startBrowser, startGalen, until } from "./house.mjs";
import { clean, watchedPage } from "./watch.mjs";

const ADMIN = "root@example.org";
const USER = "ada@example.org";

let galen;
let browser;

before(async () => {
  galen = await startGalen();
  browser = await startBrowser();
  await galen.addUser(ADMIN, "--admin");
  await galen.addUser(USER);
});

after(async () => {
  await browser?.close();
  await galen?.stop();
});

/** A browser of its own, signed in and watched. */
async function visitor(email, next) {
  const page = await watchedPage(browser, { url: galen.url });
  await signIn(page, galen.url, email, next);
  // Whoever is thrown out is told so by the API.
  page.allowed.push(401);
  return { page, context: page.context() };
}

test("an admin disables a user, who is thrown out at once", async () => {
  const user = await visitor(USER, "/dashboard");
  const admin = await visitor(ADMIN, "/admin/users");
  await admin.page.getByRole("searchbox").fill("ada");
  await admin.page.waitForURL(/q=ada/);
  await admin.page.getByRole("link", { name: USER }).first().click();
  await admin.page.getByRole("link", { name: "Danger zone" }).click();
  await admin.page.getByRole("button", { name: "Disable" }).click();
  await admin.page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await admin.page.getByText("Disabled", { exact: true }).first().waitFor();
  // The stream of the user's own page ends, and the page leads to signing in without being touched.
  await user.page.waitForURL(/\/login/);
  await admin.page.getByRole("button", { name: "Enable" }).click();
  await admin.page.getByRole("dialog").getByRole("button", { name: "Enable" }).click();
  await admin.page.getByText("Active", { exact: true }).first().waitFor();
  clean(admin.page);
  await Promise.all([user.context.close(), admin.context.close()]);
});

test("a broadcast is counted before it is sent, arrives live, and is recalled", async () => {
  const user = await visitor(USER, "/dashboard");
  await user.page.evaluate(() => {
    window.heard = [];
    const source = new EventSource("/api/stream?topics=notifications");
    source.addEventListener("notification", ({ data }) => window.heard.push(JSON.parse(data).title));
    source.addEventListener("recalled", () => window.heard.push("recalled"));
    return new Promise((resolve) => source.addEventListener("ready", resolve));
  });
  const admin = await visitor(ADMIN, "/admin/notifications");
  await admin.page.getByText("Reaches 2 accounts").waitFor();
  await admin.page.getByLabel("Title").fill("Maintenance at nine");
  await admin.page.getByRole("button", { name: "Send…" }).click();
  await admin.page.getByRole("dialog").getByRole("button", { name: "Send now" }).click();
  await until("the broadcast", () => user.page.evaluate(() => window.heard.includes("Maintenance at nine")));
  await admin.page.getByRole("button", { name: "Recall" }).first().click();
  await admin.page.getByRole("dialog").getByRole("button", { name: "Recall" }).click();
  await until("its recall", () => user.page.evaluate(() => window.heard.includes("recalled")));
  clean(admin.page);
  await Promise.all([user.context.close(), admin.context.close()]);
});

test("everybody is signed out only after the words were typed", async () => {
  const user = await visitor(USER, "/dashboard");
  const admin = await visitor(ADMIN, "/admin/sessions");
  await admin.page.getByRole("button", { name: "Sign everyone out" }).click();
  const dialog = admin.page.getByRole("dialog");
  const go = dialog.getByRole("button", { name: "Sign everyone out" });
  assert.equal(await go.isDisabled(), true);
  await dialog.getByRole("textbox").fill("sign everyone out");
  await go.click();
  await user.page.waitForURL(/\/login/);
  const { status } = await call(admin.page, "GET", "/api/me");
  assert.equal(status, 200, "the admin's own session goes on");
  await Promise.all([user.context.close(), admin.context.close()]);
});

test("filters stand in the address and survive a reload; what fits nothing says so", async () => {
  const { page, context } = await visitor(ADMIN, "/admin/users?role=admin");
  await page.getByRole("link", { name: ADMIN }).first().waitFor();
  assert.equal(await page.getByRole("link", { name: USER }).count(), 0);
  await page.getByLabel("Status").selectOption("disabled");
  await page.getByText("Nothing matches").waitFor();
  await page.reload();
  await page.getByText("Nothing matches").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("link", { name: USER }).first().waitFor();
  await context.close();
});

test("a screen whose calls fail says so and offers a way out", async () => {
  const { page, context } = await visitor(ADMIN, "/admin");
  for (const [path, pattern] of [["/admin/users", "**/api/admin/users?**"], ["/admin/jobs", "**/api/admin/jobs"], ["/admin/audit", "**/api/admin/audit?**"]]) {
    for (const status of [500, 403, 429]) {
      const problem = { status, code: status === 403 ? "auth.not_admin" : "server.internal", title: "It failed", detail: "Because.", type: "about:blank" };
      await page.route(pattern, (route) => route.fulfill({ status, contentType: "application/problem+json", headers: { "retry-after": "1" }, body: JSON.stringify(problem) }));
      await page.goto(`${galen.url}${path}`);
      await page.locator("main").getByText(status === 403 ? "This is for administrators" : "Something broke on the server").first().waitFor();
      await page.unroute(pattern);
    }
  }
  await context.close();
});
