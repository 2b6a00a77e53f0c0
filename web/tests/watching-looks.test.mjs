// Every screen of watching, light and dark, English and Persian, narrow and wide: no axe violation, no overflow, no small target.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { signIn, startBrowser, startGalen } from "./house.mjs";
import { faultsOf } from "./looking.mjs";
import { clean, watchedPage } from "./watch.mjs";

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

const SCREENS = ["/admin/health", "/admin/health/route?name=POST%20%2Fapi%2Fauth%2Flogin", "/admin/alerts", "/admin/alerts?tab=rules", "/admin/alerts?tab=silences", "/admin/alerts?tab=history", "/admin/queries", "/admin/queries/session.of_user", "/admin/doctor"];

for (const language of ["en", "fa"]) {
  for (const theme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`the screens of watching are without fault in ${language}, ${theme}, ${width} px`, async () => {
        const page = await adminPage("/admin/health", { language, theme, width });
        const faults = [];
        for (const path of SCREENS) {
          faults.push(...(await faultsOf(page, galen.url + path)));
        }
        assert.deepEqual(faults, []);
        clean(page);
        await page.context().close();
      });
    }
  }
}
