// What people do: from signing up to signing out, on two devices, by keyboard alone, and told as it happens.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { call, PASSWORD, signIn, startBrowser, startGalen } from "./house.mjs";
import { clean, watchedPage } from "./watch.mjs";

let galen;
let browser;

before(async () => {
  [galen, browser] = await Promise.all([startGalen(), startBrowser()]);
  await galen.addUser("ann@example.org", "--admin", "--name", "Ann");
});

after(async () => {
  await browser?.close();
  await galen?.stop();
});

let count = 0;
let email;

/** Every test has a user of its own. */
beforeEach(() => {
  count += 1;
  email = `user${count}@example.org`;
});

const newPage = (options = {}) => watchedPage(browser, { url: galen.url, ...options });
const title = (page, text) => page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function done(page) {
  clean(page);
  await page.context().close();
}

test("somebody signs up, proves the address, signs in, says a name, and signs out", async () => {
  const page = await newPage();
  await page.goto(`${galen.url}/login`);
  await page.getByRole("link", { name: "Make one" }).click();
  await title(page, "Make an account");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByText("Long enough").waitFor();
  await press(page, "Make the account");
  await title(page, "Look into your mailbox");
  await page.goto(await galen.linkTo(email, "account.verify_email"));
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  assert.equal(new URL(page.url()).hash, "", "the secret has left the address bar");
  await press(page, "Verify the address");
  await title(page, "Your address is verified");
  await page.getByRole("link", { name: "Sign in" }).click();
  await title(page, "Sign in");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await press(page, "Sign in");
  await title(page, "Dashboard");
  await page.getByText("Say what you want to be called").waitFor();
  await page.getByRole("link", { name: "Do it" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("سارا امینی");
  await press(page, "Save");
  await page.getByText("Saved").waitFor();
  await press(page, "Account");
  await press(page, "Sign out");
  await title(page, "Sign in");
  page.allowed.push(401);
  await page.goto(`${galen.url}/settings/profile`);
  await page.waitForURL(`${galen.url}/login?next=%2Fsettings%2Fprofile`);
  await done(page);
});

test("an address that has an account gets the same answer", async () => {
  const page = await newPage();
  await page.goto(`${galen.url}/register`);
  await page.getByLabel("E-mail address").fill("ann@example.org");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await press(page, "Make the account");
  await title(page, "Look into your mailbox");
  await done(page);
});

test("whatever was wrong, it is said in one way; too many attempts are counted down", async () => {
  await galen.addUser(email);
  const page = await newPage();
  page.allowed.push(401, 429);
  await page.goto(`${galen.url}/login`);
  const words = [];
  for (const address of [email, "nobody@example.org"]) {
    await page.getByLabel("E-mail address").fill(address);
    await page.getByLabel("Password", { exact: true }).fill("something else entirely");
    await press(page, "Sign in");
    words.push(await page.getByRole("alert").innerText());
    await page.reload();
  }
  assert.equal(words[0], words[1]);
  assert.match(words[0], /The address or the password is wrong/);
  await page.route("**/api/auth/login", (route) =>
    route.fulfill({ status: 429, headers: { "retry-after": "2", "content-type": "application/problem+json" }, body: JSON.stringify({ code: "auth.too_many_attempts", title: "Too many attempts", detail: "", status: 429, request_id: "x" }) }),
  );
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await press(page, "Sign in");
  await page.getByText(/can be tried again in \d/).waitFor();
  assert.ok(await page.getByRole("button", { name: "Sign in" }).isDisabled());
  await page.waitForFunction(() => !document.querySelector("button[type=submit]").disabled);
  await done(page);
});

test("next leads to a path of this origin and nowhere else", async () => {
  await galen.addUser(email);
  for (const next of ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]) {
    const page = await newPage();
    await page.goto(`${galen.url}/login?next=${encodeURIComponent(next)}`);
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await press(page, "Sign in");
    await title(page, "Dashboard");
    assert.equal(page.url(), `${galen.url}/dashboard`);
    await done(page);
  }
});

test("the keyboard alone signs in and reaches every setting, in the order of the page", async () => {
  await galen.addUser(email);
  const page = await newPage();
  await page.goto(`${galen.url}/login`);
  await title(page, "Sign in");
  const order = [];
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => document.activeElement.labels?.[0]?.textContent || document.activeElement.ariaLabel || document.activeElement.textContent));
  }
  assert.deepEqual(order, ["Skip to content", "Galen", "Theme and language", "E-mail address", "Forgot it?", "Password", "Show the password", "Sign in"]);
  await page.getByLabel("E-mail address").focus();
  await page.keyboard.type(email);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await title(page, "Dashboard");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.getByRole("link", { name: "Devices" }).focus();
  await page.keyboard.press("Enter");
  await title(page, "Devices");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the focus goes to the new screen");
  await page.keyboard.press("Control+KeyK");
  await page.getByRole("combobox", { name: "Where to?" }).waitFor();
  await page.keyboard.type("pref");
  await page.keyboard.press("Enter");
  await title(page, "Preferences");
  await page.goBack();
  await title(page, "Devices");
  await page.getByRole("button", { name: "Sign out everywhere" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Sign out everywhere", "the focus comes back");
  await done(page);
});

test("a second device is seen at once, and thrown out at once", async () => {
  await galen.addUser(email);
  const first = await newPage();
  await signIn(first, galen.url, email, "/settings/sessions");
  await first.getByText("You are signed in on this device only.").waitFor();
  await first.getByText("Live", { exact: true }).waitFor();
  const second = await newPage({ userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1" });
  second.allowed.push(401);
  await signIn(second, galen.url, email);
  await second.getByText("Live", { exact: true }).waitFor();
  await press(first, "Sign out Safari · iOS");
  const dialog = first.getByRole("dialog");
  await dialog.getByText("Sign out Safari · iOS?").waitFor();
  await dialog.getByRole("button", { name: "Sign out", exact: true }).click();
  await second.waitForURL(/\/login/);
  await first.getByText("You are signed in on this device only.").waitFor();
  await done(second);
  await done(first);
});

test("a notification arrives as it is published: in the bell, in the title, in the list; it is read and put away", async () => {
  await galen.addUser(email);
  const admin = await newPage();
  await signIn(admin, galen.url, "ann@example.org");
  const page = await newPage();
  await signIn(page, galen.url, email, "/notifications");
  await page.getByText("You are all caught up").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  const said = await call(admin, "POST", "/api/admin/notifications", { email, category: "message", level: "info", title: "The kettle boils", body: "Come." });
  assert.equal(said.status, 201);
  await page.getByRole("button", { name: "Notifications: 1 new" }).waitFor();
  await page.waitForFunction(() => document.title.startsWith("(1)"));
  await page.getByRole("status").getByText("New: The kettle boils").waitFor();
  await page.getByRole("button", { name: "1 new notification" }).click();
  await page.locator("main").getByText("The kettle boils").waitFor();
  await page.getByRole("link", { name: "Unread" }).click();
  assert.equal(new URL(page.url()).search, "?show=unread");
  await press(page, "Mark as read");
  await page.getByText("Nothing is unread").waitFor();
  await page.waitForFunction(() => !document.title.startsWith("("));
  await page.goBack();
  await press(page, "Archive");
  await page.getByText("You are all caught up").waitFor();
  await page.getByRole("link", { name: "Archive" }).click();
  await page.locator("main").getByText("The kettle boils").waitFor();
  await done(admin);
  await done(page);
});

test("a hidden tab keeps no stream, and the seventh tab does not hang", async () => {
  await galen.addUser(email);
  const page = await newPage();
  await signIn(page, galen.url, email);
  await page.getByText("Live", { exact: true }).waitFor();
  const hide = (state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  const tabs = [page];
  for (let tab = 0; tab < 7; tab += 1) {
    await tabs.at(-1).evaluate(hide, "hidden");
    const next = await page.context().newPage();
    await next.goto(`${galen.url}/dashboard`);
    await next.getByText("Live", { exact: true }).waitFor();
    tabs.push(next);
  }
  await page.evaluate(hide, "visible");
  await page.getByText("Live", { exact: true }).waitFor();
  await done(page);
});

test("the address changes by a mailed link only, after the password was given once more", async () => {
  await galen.addUser(email);
  const page = await newPage();
  await signIn(page, galen.url, email, "/settings/profile");
  await page.getByLabel("New address").fill(`new-${email}`);
  await press(page, "Change the address");
  await page.getByText("waits to be confirmed").waitFor();
  await page.goto(await galen.linkTo(`new-${email}`, "account.confirm_email"));
  await press(page, "Confirm the address");
  await title(page, "Your address is changed");
  await page.getByRole("link", { name: "To your account" }).click();
  await page.getByText(`new-${email}`).first().waitFor();
  await done(page);
});

test("an old sign-in is asked for the password before a risky act, and then the act goes on", async () => {
  await galen.addUser(email);
  const page = await newPage();
  page.allowed.push(403);
  await signIn(page, galen.url, email, "/settings/data");
  let isOld = true;
  await page.route("**/api/me", (route) => {
    if (route.request().method() !== "DELETE" || !isOld) {
      return route.continue();
    }
    isOld = false;
    return route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ code: "auth.fresh_needed", title: "x", detail: "", status: 403, request_id: "x" }) });
  });
  await press(page, "Delete my account…");
  const dialog = page.getByRole("dialog", { name: "Delete your account?" });
  const go = dialog.getByRole("button", { name: "Delete the account" });
  assert.ok(await go.isDisabled());
  await dialog.getByRole("textbox").fill(email);
  await go.click();
  const again = page.getByRole("dialog", { name: "Confirm that it is you" });
  await again.getByLabel("Password", { exact: true }).fill("not this one at all");
  await again.getByRole("button", { name: "Confirm" }).click();
  await again.getByText("The password is wrong").waitFor();
  await again.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await again.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL(`${galen.url}/login`);
  await done(page);
});

test("the password is changed, and what is wrong with it stands at its field", async () => {
  await galen.addUser(email);
  const page = await newPage();
  page.allowed.push(403, 422);
  await signIn(page, galen.url, email, "/settings/security");
  await page.getByLabel("Current password").fill("not this one at all");
  await page.getByLabel("New password").fill("a wholly different sentence");
  await press(page, "Change the password");
  await page.getByText("The password is wrong").waitFor();
  await page.waitForFunction(() => document.activeElement.autocomplete === "current-password");
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password").fill("short");
  await press(page, "Change the password");
  await page.waitForFunction(() => document.activeElement.autocomplete === "new-password");
  await page.getByLabel("New password").fill("a wholly different sentence");
  await press(page, "Change the password");
  await page.getByText("The password is changed.").waitFor();
  await done(page);
});

test("language, theme, digits and calendar are chosen, and are there before the first paint of the next visit", async () => {
  await galen.addUser(email);
  const page = await newPage();
  await page.context().clearCookies();
  await signIn(page, galen.url, email, "/settings/preferences");
  await page.getByLabel("Dark").check();
  await page.getByLabel("فارسی").check();
  await page.getByRole("heading", { level: 1, name: "ترجیح‌ها" }).waitFor();
  assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir, document.documentElement.dataset.theme]), ["fa", "rtl", "dark"]);
  await page.getByText("۱۴۰").first().waitFor();
  await page.getByLabel("123").check();
  await page.getByLabel("میلادی").check();
  await page.getByText(/20\d\d/).first().waitFor();
  await done(page);
});

test("the printed link makes the first administrator, who is in at once", async () => {
  const fresh = await startGalen();
  try {
    const page = await watchedPage(browser, { url: fresh.url });
    await page.goto(await fresh.setupLink());
    await page.getByLabel("E-mail address").fill("first@example.org");
    assert.equal(new URL(page.url()).hash, "", "the secret has left the address bar");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await press(page, "Make the first administrator");
    await title(page, "Overview");
    await done(page);
  } finally {
    await fresh.stop();
  }
});
