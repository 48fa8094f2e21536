// Screenshots of the console, light and dark: node screenshots.mjs URL FOLDER WIDTHS.
import { open } from "./browser.mjs";

const [url, folder, widths] = process.argv.slice(2);

// shoot opens an address once, and draws it in each width and both colour schemes.
async function shoot(name, address, prepare) {
  const { page, close } = await open(address, { viewport: { width: 1280, height: 800 } });
  await prepare(page);
  for (const width of widths.split(" ").map(Number)) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(1500); // the page draws each second
      const suffix = widths.includes(" ") ? `-${width}` : "";
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}${suffix}.png` });
    }
  }
  await close();
}

const minute = (page) => page.waitForTimeout(60_000); // the time of the plots
await Promise.all([
  shoot("console", url, async (page) => {
    await page.locator('.node[data-state="up"]').nth(1).waitFor();
    await minute(page);
  }),
  shoot("operations", `${url}#operations`, minute),
]);
