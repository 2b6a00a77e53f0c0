// Takes the pictures of every screen for docs/screens: light and dark, wide and narrow, English and Persian.
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { call, PASSWORD, signIn, startBrowser, startGalen } from "./house.mjs";
import { watchedPage } from "./watch.mjs";

const folder = process.env.GALEN_SCREENS ?? join(dirname(fileURLToPath(import.meta.url)), "../../docs/screens");

const GATES = ["login", "register", "forgot", "setup"];
const SCREENS = ["dashboard", "notifications", "settings/profile", "settings/security", "settings/sessions", "settings/security-log", "settings/notifications", "settings/preferences", "settings/data"];
const ADMIN_SCREENS = ["admin", "admin/health", "admin/alerts", "admin/doctor", "admin/queries", "admin/logs", "admin/users", "admin/sessions", "admin/notifications", "admin/audit", "admin/channels", "admin/jobs", "admin/settings"];

/** Each screen is taken in each of these ways. */
const WAYS = [
  { name: "desktop-light-en", language: "en", theme: "light", width: 1280, height: 800 },
  { name: "desktop-dark-fa", language: "fa", theme: "dark", width: 1280, height: 800 },
  { name: "phone-dark-en", language: "en", theme: "dark", width: 390, height: 800 },
  { name: "phone-light-fa", language: "fa", theme: "light", width: 390, height: 800 },
];

const NEWS = [
  { level: "info", category: "deploys", title: "Release 4.2 is live", body: "It runs in all regions since this morning.", link: "/dashboard" },
  { level: "warning", category: "billing", title: "Your card expires in 5 days", body: "Change it before then, and nothing stops.", actions: [{ label: "Change the card", link: "/settings/profile" }] },
  { level: "error", category: "jobs", title: "The nightly export failed", body: "There was no space left on the target. The last good export is from yesterday." },
  { level: "success", category: "team", title: "رضا به گروه شما پیوست", body: "" },
];

async function seed(galen, browser) {
  await galen.addUser("ann@example.org", "--admin", "--name", "Ann Weaver");
  await galen.addUser("sara@example.org", "--name", "سارا امینی");
  const admin = await watchedPage(browser, { url: galen.url });
  await signIn(admin, galen.url, "ann@example.org");
  for (const news of NEWS) {
    await call(admin, "POST", "/api/admin/notifications", { email: "sara@example.org", ...news });
  }
  // The address is proven as its owner would.
  await call(admin, "POST", "/api/auth/resend-verification", { email: "sara@example.org" });
  const owner = await watchedPage(browser, { url: galen.url });
  await owner.goto(await galen.linkTo("sara@example.org", "account.verify_email"));
  await owner.locator("input[type=password]").fill(PASSWORD);
  await owner.locator("button[type=submit]").click();
  await owner.getByText("Your address is verified").waitFor();
  await owner.context().close();
  // A second device, so that the list of devices shows what it is for.
  const phone = await watchedPage(browser, { url: galen.url, userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1" });
  await signIn(phone, galen.url, "sara@example.org");
  await Promise.all([admin, phone].map((page) => page.context().close()));
}

/** Half a minute of requests, so that what is watched has something to show; one sign-in fails. */
async function live(page) {
  await call(page, "POST", "/api/auth/login", { email: "nobody@example.org", password: "no password of anybody" });
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    await call(page, "GET", "/api/notifications");
    await call(page, "GET", "/api/me/sessions");
  }
}

async function take(page, url, path, way) {
  await page.goto(`${url}/${path}`);
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".bone") === null);
  // Animations are over, and the picture is the same each time.
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, `${path.replaceAll("/", "-")}-${way.name}.png`), animations: "disabled", caret: "hide" });
}

const galen = await startGalen();
const browser = await startBrowser();
try {
  await mkdir(folder, { recursive: true });
  await seed(galen, browser);
  const busy = await watchedPage(browser, { url: galen.url });
  await signIn(busy, galen.url, "ann@example.org", "/admin");
  await live(busy);
  for (const way of WAYS) {
    const page = await watchedPage(browser, { url: galen.url, ...way });
    for (const path of GATES) {
      await take(page, galen.url, path, way);
    }
    await signIn(page, galen.url, "sara@example.org");
    for (const path of SCREENS) {
      await take(page, galen.url, path, way);
    }
    // Otherwise the devices of the next way would be one more.
    await call(page, "POST", "/api/auth/logout");
    await page.context().close();
    const admin = await watchedPage(browser, { url: galen.url, ...way });
    await signIn(admin, galen.url, "ann@example.org", "/admin");
    for (const path of ADMIN_SCREENS) {
      await take(admin, galen.url, path, way);
    }
    await admin.context().close();
  }
} finally {
  await browser.close();
  await galen.stop();
}
