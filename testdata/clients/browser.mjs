// A page in Debian's Chromium that must not misbehave.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// limit ends a wait in vain, in milliseconds. It does not measure speed.
const limit = 300_000;

// open opens a page and collects its problems: requests to other origins, errors, and
// violations of its Content-Security-Policy, which Chromium writes to the console.
export async function open(url, options = {}) {
  // The pages are the project's own, so Chromium needs no sandbox, which root cannot have.
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", timeout: limit, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  const context = await browser.newContext(options);
  context.setDefaultTimeout(limit);
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(url).origin) problems.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return {
    page,
    problems,
    async close() {
      await browser.close();
      assert.deepEqual(problems, []);
    },
  };
}

// checkAccessibility runs axe. CodeMirror's scroller is no tab stop: its text area, beside
// the scroller, is, and scrolls it.
export async function checkAccessibility(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(" ")}: ${html.slice(0, 200)}`));
  assert.deepEqual(found.filter((line) => !/^scrollable-region-focusable: .*\.CodeMirror-scroll:/.test(line)), []);
}
