// What is looked for on every screen: what axe finds, targets that are too small, and pages wider than the window.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The screen is there when nothing is loading any more. */
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".bone, [aria-busy=true]") === null);
}

/** What axe finds wrong; pseudo rules of best practice included. */
export async function violations(page) {
  // What the debugger evaluates is not subject to the page's policy.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations: found } = await window.axe.run(document, { resultTypes: ["violations"] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" | ")}`);
  });
}

/** Targets below 24 CSS pixels (WCAG 2.2, 2.5.8), links inside sentences excepted. */
export const smallTargets = () =>
  [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, [role=button]")].flatMap((element) => {
    const box = element.getBoundingClientRect();
    const isHidden = box.width === 0 || !element.checkVisibility() || element.closest(".skip");
    const isInSentence = element.tagName === "A" && getComputedStyle(element).display === "inline" && element.parentElement.textContent.trim() !== element.textContent.trim();
    const label = element.closest("label");
    const target = label ? label.getBoundingClientRect() : box;
    return isHidden || isInSentence || (target.width >= 24 && target.height >= 24) ? [] : [`${element.outerHTML.slice(0, 120)} ${target.width}×${target.height}`];
  });

/** By how much the page is wider than the window. */
export const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
