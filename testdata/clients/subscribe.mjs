// A subscription in GraphiQL: node subscribe.mjs URL. It asks for events on standard output.
import { checkAccessibility, open } from "./browser.mjs";

const { page, close } = await open(process.argv[2]);
const result = (text) => page.locator(".result-window", { hasText: text }).waitFor();
await page.getByLabel("Operations", { exact: true }).focus();
await page.keyboard.press("Control+A");
await page.keyboard.insertText('subscription News { event(channel: "news") }');
await page.waitForFunction(() => Object.values(localStorage).some((text) => text.includes("subscription News")));
await page.keyboard.press("Control+Enter");
console.log("publish");
await result(/"event": "first"/);
console.log("publish again");
await result(/"event": "second"/);
await checkAccessibility(page);
await page.getByLabel("Stop query (Ctrl-Enter)").click();
await page.getByLabel("Execute query (Ctrl-Enter)").waitFor();
console.log("stopped");
await close();
