// GraphiQL at the path of an application: node explore.mjs URL. By keyboard alone, after
// the page is open.
import assert from "node:assert/strict";
import { checkAccessibility, open } from "./browser.mjs";

const url = process.argv[2];

// run types an operation, runs it when the page has stored it, and waits for its answer.
async function run(page, operation, answer) {
  await page.getByLabel("Operations", { exact: true }).focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(operation);
  await page.waitForFunction((text) => Object.values(localStorage).includes(text), operation);
  await page.keyboard.press("Control+Enter");
  await page.locator(".result-window", { hasText: answer }).waitFor();
}

for (const colorScheme of ["light", "dark"]) {
  const { page, close } = await open(url, { colorScheme });
  await page.getByLabel("Operations", { exact: true }).waitFor();
  await run(page, "{ counter }", /"counter": \d+/);
  await run(page, 'mutation { append(id: "graphiql") }', /"append"/);
  await run(page, "query Echo($text: String) { echoText(text: $text) }", /"echoText"/);

  // The documentation shows the schema of the node, the history the operations.
  await page.getByLabel("Show Documentation Explorer").focus();
  await page.keyboard.press("Enter");
  await page.locator(".graphiql-doc-explorer", { hasText: "RootQueryType" }).waitFor();
  await checkAccessibility(page);
  await page.getByLabel("Show History").focus();
  await page.keyboard.press("Enter");
  await page.locator(".graphiql-history-items", { hasText: "Echo" }).waitFor();
  await checkAccessibility(page);
  await page.getByLabel("Hide History").focus();
  await page.keyboard.press("Enter");

  // A dialog, which locks the page's scrolling with a style.
  await page.getByLabel("Open settings dialog").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await checkAccessibility(page);
  await page.keyboard.press("Escape");

  // A link carries the operation into another window.
  await page.getByLabel("Copy a link to this operation (without headers)").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.length > 1);
  const link = page.url();
  assert.ok(!new URL(link).search);
  await close();

  const other = await open(link, { colorScheme, viewport: { width: 390, height: 844 } });
  await other.page.locator(".graphiql-query-editor", { hasText: "query Echo($text: String)" }).waitFor();
  await checkAccessibility(other.page);
  await other.close();
}

// Tab leads from the operations to the headers and back, and no editor keeps it.
{
  const { page, close } = await open(url);
  const operations = page.getByLabel("Operations", { exact: true });
  const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
  const press = async (key, target) => {
    for (let presses = 0; !(await isFocused(target)); presses++) {
      assert.ok(presses < 30, `${key} never leads to ${target}`);
      await page.keyboard.press(key);
    }
  };
  await run(page, "{ counter }", /"counter": \d+/);
  await press("Tab", page.getByRole("button", { name: "Headers", exact: true }));
  await page.keyboard.press("Enter");
  await press("Tab", page.getByLabel("Headers, JSON"));
  await page.keyboard.insertText('{"X-Request-Id": "from-the-editor"}');
  await press("Shift+Tab", operations);
  const [request] = await Promise.all([page.waitForRequest((request) => request.method() === "POST"), page.keyboard.press("Control+Enter")]);
  assert.equal(request.headers()["x-request-id"], "from-the-editor");
  await request.response();
  await close();
}
console.log("explore: ok");
