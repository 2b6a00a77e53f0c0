// The administrators' screens in a real browser: what is done there happens, and every screen is fit to be used.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { call, signIn, startBrowser, startGalen, until } from "./house.mjs";

const ADMIN = "root@example.org";
const USER = "ada@example.org";
const axe = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

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

/** A browser of its own, signed in; what it complains of is an error. */
async function visitor(email, next, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && !/401|403|404|422/.test(message.text()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await signIn(page, galen.url, email, next);
  return { page, context, complaints };
}

async function idOf(page, email) {
  const { body } = await call(page, "GET", `/api/admin/users?email=${email}`);
  return body.items[0].id;
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
  assert.deepEqual(admin.complaints, []);
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
  assert.deepEqual(admin.complaints, []);
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

const SCREENS = ["/admin", "/admin/logs", "/admin/users", "/admin/users?tab=invitations", "/admin/users/:ada", "/admin/users/:ada?tab=sessions", "/admin/users/:ada?tab=activity", "/admin/users/:ada?tab=danger", "/admin/sessions", "/admin/notifications", "/admin/audit", "/admin/channels", "/admin/channels?tab=webhooks", "/admin/channels?tab=keys", "/admin/jobs", "/admin/settings"];

/** What axe finds wrong, and whether anything reaches beyond the edge. */
async function faults(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ").slice(0, 200)}`);
    return over > 0 ? [...found, `${over} px beyond the edge`] : found;
  });
}

test("every screen is free of what axe finds and of overflow, in both languages, themes and at three widths", async () => {
  const { page, context, complaints } = await visitor(ADMIN, "/admin");
  const ada = await idOf(page, USER);
  const found = [];
  for (const language of ["en", "fa"]) {
    for (const theme of ["light", "dark"]) {
      await context.addCookies([{ name: "galen_lang", value: language, url: galen.url }, { name: "galen_theme", value: theme, url: galen.url }]);
      for (const width of [360, 1280, 2200]) {
        await page.setViewportSize({ width, height: 900 });
        for (const screen of SCREENS) {
          await page.goto(`${galen.url}${screen.replace(":ada", ada)}`);
          await page.locator("main h1").waitFor();
          await page.waitForFunction(() => !document.querySelector(".bones"));
          found.push(...(await faults(page)).map((fault) => `${screen} ${language} ${theme} ${width}: ${fault}`));
        }
      }
    }
  }
  assert.deepEqual(found, []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a planted fault is caught", async () => {
  const { page, context } = await visitor(ADMIN, "/admin/jobs");
  await page.locator("main h1").waitFor();
  await page.evaluate(() => document.querySelector("main").append(document.createElement("input")));
  assert.ok((await faults(page)).some((fault) => fault.startsWith("label")));
  await context.close();
});
