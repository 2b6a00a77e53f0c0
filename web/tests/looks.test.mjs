// Every screen, light and dark, English and Persian, narrow and wide: no axe violation, no overflow, no small target.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, signIn, startBrowser, startGalen } from "./house.mjs";
import { overflow, settled, smallTargets, violations } from "./looking.mjs";
import { ADMIN_SCREENS, GATES, SCREENS } from "./screens-list.mjs";
import { clean, watchedPage } from "./watch.mjs";

let galen;
let browser;

before(async () => {
  [galen, browser] = await Promise.all([startGalen(), startBrowser()]);
  await galen.addUser("ann@example.org", "--admin", "--name", "Ann");
  await galen.addUser("sara@example.org", "--name", "Sara Amini");
  const page = await watchedPage(browser, { url: galen.url });
  await signIn(page, galen.url, "ann@example.org");
  await seed(page);
  await page.context().close();
});

after(async () => {
  await browser?.close();
  await galen?.stop();
});

async function seed(page) {
  for (const level of ["info", "success", "warning", "error"]) {
    const message = { email: "sara@example.org", level, category: "message", title: `A notification of level ${level}`, body: "With a text of its own.", link: "/dashboard", actions: [{ label: "Look", link: "/settings/profile" }] };
    const { status } = await call(page, "POST", "/api/admin/notifications", message);
    assert.equal(status, 201);
  }
  const { status } = await call(page, "POST", "/api/admin/notifications", { audience: {}, category: "maintenance", title: "A broadcast to everybody" });
  assert.equal(status, 201);
  await call(page, "POST", "/api/admin/keys", { name: "An application", scopes: ["notify:send"] });
  await call(page, "POST", "/api/admin/webhooks", { url: "https://example.org/hook", label: "A webhook" });
  await call(page, "POST", "/api/admin/invitations", { email: "new@example.org", role: "user" });
}

/** The paths of administrators with the identifier of a user in them. */
async function adminPaths(page) {
  const { body } = await call(page, "GET", "/api/admin/users?email=sara");
  return ADMIN_SCREENS.map((path) => path.replace(":sara", body.items[0].id));
}

/** Everything that is wrong with a screen. */
async function faultsOf(page, path) {
  await page.goto(galen.url + path);
  await settled(page);
  const tooWide = (await page.evaluate(overflow)) > 0 ? ["wider than the window"] : [];
  const found = [...(await violations(page)), ...(await page.evaluate(smallTargets)), ...tooWide];
  return found.map((fault) => `${path}: ${fault}`);
}

for (const language of ["en", "fa"]) {
  for (const theme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`every screen is without fault in ${language}, ${theme}, ${width} px`, async () => {
        const page = await watchedPage(browser, { url: galen.url, language, theme, width });
        const faults = [];
        for (const path of GATES) {
          faults.push(...(await faultsOf(page, path)));
        }
        await signIn(page, galen.url, "sara@example.org");
        for (const path of SCREENS) {
          faults.push(...(await faultsOf(page, path)));
        }
        assert.deepEqual(faults, []);
        clean(page);
        await page.context().close();
      });
    }
  }
}

for (const language of ["en", "fa"]) {
  for (const theme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`every screen of administrators is without fault in ${language}, ${theme}, ${width} px`, async () => {
        const page = await watchedPage(browser, { url: galen.url, language, theme, width });
        // A user that is not there is asked for on purpose.
        page.allowed.push(404);
        await signIn(page, galen.url, "ann@example.org", "/admin");
        for (const path of await adminPaths(page)) {
          await examine(page, path);
        }
        clean(page);
        await page.context().close();
      });
    }
  }
}

test("nothing of administrators is wider than the window from 320 to 2200 px", async () => {
  const page = await watchedPage(browser, { url: galen.url });
  await signIn(page, galen.url, "ann@example.org", "/admin");
  for (const path of await adminPaths(page)) {
    await page.goto(galen.url + path);
    await settled(page);
    for (const width of [320, 390, 600, 768, 900, 1024, 1600, 2200]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok((await page.evaluate(overflow)) <= 0, `${path} at ${width} px`);
    }
  }
  await page.context().close();
});

test("nothing is wider than the window from 320 to 2200 px", async () => {
  const page = await watchedPage(browser, { url: galen.url });
  await signIn(page, galen.url, "sara@example.org");
  for (const path of SCREENS) {
    await page.goto(galen.url + path);
    await settled(page);
    for (const width of [320, 390, 600, 768, 900, 1024, 1600, 2200]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok((await page.evaluate(overflow)) <= 0, `${path} at ${width} px`);
    }
  }
  await page.context().close();
});

test("a planted violation is caught by each of the examinations", async () => {
  const page = await watchedPage(browser, { url: galen.url, width: 360 });
  await page.goto(`${galen.url}/login`);
  await settled(page);
  assert.deepEqual(await violations(page), []);
  await page.evaluate(() => {
    const input = document.createElement("input");
    const pale = document.createElement("p");
    pale.textContent = "hard to read";
    pale.style.color = "#ccc";
    pale.style.background = "#ddd";
    const wide = document.createElement("a");
    wide.href = "/login";
    wide.textContent = "x";
    wide.style.display = "block";
    wide.style.width = "3000px";
    wide.style.height = "8px";
    document.querySelector("main").append(input, pale, wide);
  });
  const found = (await violations(page)).join("\n");
  assert.match(found, /color-contrast/);
  assert.match(found, /label/);
  assert.ok((await page.evaluate(overflow)) > 0);
  assert.equal((await page.evaluate(smallTargets)).length, 1);
  await page.evaluate(() => document.body.setAttribute("style", "color: red"));
  await page.waitForTimeout(50);
  assert.match(page.faults.join("\n"), /style-src/);
  await page.context().close();
});
