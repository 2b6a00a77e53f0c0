// What a page must never do: write errors to the console, break, or have its policy report something.

/** A page of its own in a context of its own, watched from its first byte on. */
export async function watchedPage(browser, { language = "en", theme = "light", width = 1280, height = 860, url, ...context } = {}) {
  const opened = await browser.newContext({ viewport: { width, height }, ...context });
  await opened.addCookies([
    { name: "galen_lang", value: language, url },
    { name: "galen_theme", value: theme, url },
  ]);
  return watch(await opened.newPage());
}

/** Watches a page; `page.allowed` are the statuses of answers that the test provokes on purpose. */
export async function watch(page) {
  const faults = [];
  page.allowed = [];
  page.faults = faults;
  page.on("pageerror", (error) => faults.push(`broke: ${error.stack ?? error}`));
  page.on("console", (message) => {
    const text = message.text();
    const status = /status of (\d+)/.exec(text)?.[1];
    const isProvoked = status !== undefined && page.allowed.includes(Number(status));
    if (["error", "warning"].includes(message.type()) && !isProvoked) {
      faults.push(`console: ${text} (${message.location().url})`);
    }
  });
  await page.exposeFunction("policyBreach", (what) => faults.push(`policy: ${what}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => window.policyBreach(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  return page;
}

/** Fails with everything that was seen and must not be. */
export function clean(page) {
  if (page.faults.length > 0) {
    throw new Error(page.faults.splice(0).join("\n"));
  }
}
