// The operators' console, by keyboard alone: node console.mjs URL KEPT LOST. It says what is
// to be done to the node LOST: fill its table of processes, rename a field of its schema, kill
// it.
import assert from "node:assert/strict";
import { checkAccessibility, open } from "./browser.mjs";

const [url, kept, lost] = process.argv.slice(2);
const { page, close } = await open(url);

const nodeOf = (name, selector = "") => page.locator(`.node${selector}`, { hasText: name });
const shows = (name, ...states) => nodeOf(name, `:is(${states.map((state) => `[data-state="${state}"]`)})`).waitFor();
const says = (name, text) => nodeOf(name).getByText(text).waitFor();
const news = (text) => page.locator("#news", { hasText: text }).waitFor({ state: "attached" });

await shows(kept, "up");
await shows(lost, "up");
await page.getByText(/EPMD 127\.0\.0\.1:\d+ knows .*testapp-\w+ at \d+, testapp-\w+ at \d+/).waitFor();
await says(kept, /^OTP \d+, Elixir .* schedulers/);
await says(kept, /connected for .* schema [0-9a-f]{8}/);
await checkAccessibility(page);

// press goes to an element by Tab, and presses Enter.
const press = async (target) => {
  await target.and(page.locator(":not(:disabled)")).waitFor();
  for (let stops = 0; !(await target.evaluate((element) => element === document.activeElement)); stops++) {
    assert.ok(stops < 20, `Tab never leads to ${target}`);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
};
const button = (name) => page.getByRole("button", { name, exact: true });

await press(button(`Drain ${kept}`));
await shows(kept, "draining");
await says(kept, "an operator drains it");
await news(`${kept} is draining, was up`);
await checkAccessibility(page);
await press(button(`Undrain ${kept}`));
await shows(kept, "up");

console.log("fill");
await says(lost, /The table of processes is nearly full: \d+ % of 1,024/);

console.log("rename");
await page.getByText("The nodes have 2 different schemas").waitFor();
await press(page.locator("summary", { hasText: /^Schema [0-9a-f]{8} differs from [0-9a-f]{8}$/ }));
const difference = page.locator(".differences details[open]");
await difference.getByText("Breaking: valid operations may be refused (1)").waitFor();
await difference.getByText(/^RootQueryType\.(sleep|slumber) was removed/).waitFor();
await difference.getByText(/^RootQueryType\.(sleep|slumber) was added/).waitFor();
assert.match(await difference.innerText(), new RegExp(`${kept}.*${lost}|${lost}.*${kept}`));
await checkAccessibility(page);

console.log("kill");
await shows(lost, "connecting", "gone");
await shows(kept, "up");
await shows(lost, "gone");
for (const width of [390, 1920]) {
  for (const colorScheme of ["light", "dark"]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await checkAccessibility(page);
  }
}

// Without the node that is left the application has none, so the page asks.
const question = page.getByRole("dialog", { name: `${kept} is the only node that gets calls of /graphql` });
await press(button(`Drain ${kept}`));
await question.waitFor();
await checkAccessibility(page);
await page.keyboard.press("Enter"); // Cancel
await question.waitFor({ state: "detached" });
await shows(kept, "up");
await press(button(`Drain ${kept}`));
await question.waitFor();
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
await shows(kept, "draining");
await close();
console.log("console: ok");
