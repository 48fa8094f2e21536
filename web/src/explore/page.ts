/** Page is what the gateway writes into the page of an application. */
export type Page = {
  /** path of the application on the gateway. */
  path: string;
  /** apps are the paths of all applications that have such a page. */
  apps: string[];
};

/** readPage returns the content of the page's meta element "louche". */
export function readPage(document: Document): Page {
  const content = document.querySelector<HTMLMetaElement>('meta[name="louche"]')?.content ?? "{}";
  return { path: "/graphql", apps: [], ...(JSON.parse(content) as Partial<Page>) };
}

/**
 * addressOf returns where the browser finds another application of the gateway. A proxy may
 * have put a prefix before the path of this one.
 */
export function addressOf(app: string, page: Page, here: string): string {
  return here.endsWith(page.path) ? here.slice(0, -page.path.length) + app : app;
}
