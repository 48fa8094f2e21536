// The operators' console, by keyboard alone: node console.mjs URL KEPT LOST. It says
// "kill" when the node LOST is to be killed.
import assert from "node:assert/strict";
import { checkAccessibility, open } from "./browser.mjs";

const [url, kept, lost] = process.argv.slice(2);
const { page, close } = await open(url);

const shows = (name, ...states) => page.locator(`.node:is(${states.map((state) => `[data-state="${state}"]`)})`, { hasText: name }).waitFor();
const news = (text) => page.locator("#news", { hasText: text }).waitFor({ state: "attached" });

await shows(kept, "up");
await shows(lost, "up");
await checkAccessibility(page);

const press = async (name) => {
  const button = page.getByRole("button", { name, exact: true });
  await button.and(page.locator(":enabled")).waitFor();
  for (let stops = 0; !(await button.evaluate((element) => element === document.activeElement)); stops++) {
    assert.ok(stops < 10, `Tab never leads to ${name}`);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
};
await press(`Drain ${kept}`);
await shows(kept, "draining");
await news(`${kept} is draining, was up`);
await checkAccessibility(page);
await press(`Undrain ${kept}`);
await shows(kept, "up");

console.log("kill");
await shows(lost, "connecting", "gone");
await shows(kept, "up");
for (const [width, colorScheme] of [[390, "light"], [1920, "dark"]]) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme });
  await checkAccessibility(page);
}
await close();
console.log("console: ok");
