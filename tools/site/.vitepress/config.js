import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { slug } from "github-slugger";
import { defineConfig } from "vitepress";

const repository = "https://github.com/louche-graphql/louche";
const docs = new URL("../../../docs/", import.meta.url);
const packages = new URL("../node_modules/", import.meta.url).pathname;

export default defineConfig({
  title: "Louche",
  description: "GraphQL over HTTP in front of Absinthe applications on the BEAM",
  head: [["link", { rel: "icon", href: "data:," }]], // none
  srcDir: "../../docs",
  outDir: "../../bin/site",
  rewrites: { "README.md": "index.md" },
  // Pages do not find the packages of this folder by themselves.
  vite: { resolve: { alias: [{ find: /^vue(\/server-renderer)?$/, replacement: `${packages}vue$1` }] } },
  ignoreDeadLinks: [/^http:\/\/127\.0\.0\.1/],
  markdown: {
    anchor: { slugify: slug }, // links are those that GitHub understands
    config: (md) => {
      md.core.ruler.push("repository", linkToRepository);
      md.core.ruler.push("literal", keepLiteral);
    },
  },
  themeConfig: {
    sidebar: [...sections(), { text: "Decisions", collapsed: true, items: decisions() }],
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: repository }],
    externalLinkIcon: true,
  },
});

// sections are those of docs/README.md, with the pages that they name.
function sections() {
  const [, ...parts] = readFileSync(new URL("README.md", docs), "utf8").split(/^## /m);
  return parts.map((part) => ({
    text: part.slice(0, part.indexOf("\n")),
    items: [...part.matchAll(/\[([^\]]+)\]\(([\w-]+)\.md\)/g)].map(([, text, page]) => ({ text: text.replaceAll("`", ""), link: `/${page}` })),
  }));
}

function decisions() {
  return readdirSync(new URL("decisions/", docs)).sort().map((file) => {
    const [heading] = readFileSync(new URL(`decisions/${file}`, docs), "utf8").split("\n");
    return { text: heading.slice(2), link: `/decisions/${posix.basename(file, ".md")}` };
  });
}

// linkToRepository changes links to files that are no pages of the site.
function linkToRepository(state) {
  const folder = posix.join("docs", posix.dirname(state.env.relativePath));
  for (const token of state.tokens.flatMap((token) => token.children ?? [])) {
    const href = token.type === "link_open" && token.attrGet("href");
    if (!href || /^(\w+:|#)/.test(href)) continue;
    const [file, hash] = href.split("#");
    const path = posix.join(folder, file);
    if (!path.startsWith("docs/") || posix.extname(path) !== ".md") {
      token.attrSet("href", `${repository}/blob/main/${path}${hash ? `#${hash}` : ""}`);
    }
  }
}

// keepLiteral keeps Vue from reading {{ }} in code.
function keepLiteral(state) {
  for (const token of state.tokens.flatMap((token) => token.children ?? [])) {
    if (token.type === "code_inline") token.attrSet("v-pre", "");
  }
}
