// The operators' page of operations, by keyboard alone: node operations.mjs URL NODE. It says
// "run" when the operation Orders is to be run, which hangs in a server until its deadline.
import assert from "node:assert/strict";
import { checkAccessibility, open } from "./browser.mjs";

const [url, node] = process.argv.slice(2);
const { page, close } = await open(url);

// press moves the focus to an element by Tab, and presses a key.
const press = async (target, key = "Enter") => {
  await target.waitFor({ state: "attached" });
  for (let stops = 0; !(await target.evaluate((element) => element === document.activeElement)); stops++) {
    assert.ok(stops < 30, `Tab never leads to ${target}`);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press(key);
};

const checkEverywhere = async () => {
  for (const [width, colorScheme] of [[390, "light"], [1024, "dark"], [1920, "light"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await checkAccessibility(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px wider than a window of ${width} px`);
  }
};

await press(page.getByRole("link", { name: "Operations", exact: true }));
await page.getByRole("heading", { name: "Operations", exact: true }).and(page.locator(":focus")).waitFor();
await press(page.getByRole("radio", { name: /^Last/ }), "ArrowRight");
assert.ok(await page.getByRole("radio", { name: "Since the start" }).isChecked());
const counter = page.getByRole("row", { name: /^Counter query/ });
await counter.filter({ hasText: "0 %" }).waitFor();

// A field that is null with an error is an answer with errors, and not one without data.
const cells = (row) => row.getByRole("cell").allInnerTexts();
const partly = page.getByRole("row", { name: /^anonymous query/ });
await partly.waitFor();
assert.deepEqual((await cells(partly)).slice(1, 3), ["100 %", "0 %"]);

console.log("run");
const orders = page.getByRole("row", { name: /^Orders query/ });
await orders.filter({ hasText: "100 %" }).waitFor();
await page.getByRole("row", { name: /TIMEOUT/ }).filter({ hasText: "ios 1.2" }).waitFor();
await checkEverywhere();

// A narrow window has the time of the stages in one bar.
for (const [width, bar] of [[1920, false], [1024, true]]) {
  await page.setViewportSize({ width, height: 900 });
  assert.equal(await page.getByRole("columnheader", { name: "Stages" }).isVisible(), bar);
  assert.equal(await page.getByRole("columnheader", { name: "node", exact: true }).isVisible(), !bar);
}

// The headers sort: the slow operation is the first by p95, and the last in the other direction.
const rows = page.locator("table.operations tbody tr");
const p95 = page.getByRole("button", { name: "p95" });
await press(p95);
await page.locator("[aria-sort=descending]", { has: p95 }).waitFor();
await rows.first().and(orders).waitFor();
await page.keyboard.press("Enter");
await page.locator("[aria-sort=ascending]", { has: p95 }).waitFor();
await rows.last().and(orders).waitFor();

await press(orders.getByRole("link"));
await page.getByRole("heading", { name: "Orders query · /graphql" }).and(page.locator(":focus")).waitFor();
await page.getByRole("listitem").filter({ hasText: /TestApp\.Fields\.hang\/1 \(\S*fields\.exs:\d+\), which waits for TestApp\.HangingServer\.handle_call\/3 \(\S*fields\.exs:\d+\)/ }).waitFor();
const request = page.getByRole("row", { name: /TIMEOUT/ });
await page.locator(".operation .figure", { hasText: "p99" }).getByText(/^max [5-9](\.\d+)? s/).waitFor();
await request.filter({ hasText: node }).filter({ hasText: "ios 1.2" }).filter({ hasText: "from-the-test" }).waitFor();
await page.getByRole("listitem").filter({ hasText: / s: 1 request$/ }).waitFor();
assert.match(await page.getByRole("row", { name: /^node/ }).innerText(), /([5-9]\d|100) %/);
await checkEverywhere();

await press(page.getByRole("link", { name: "All operations" }));
await orders.waitFor();
await close();
console.log("operations: ok");
