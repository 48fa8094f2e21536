import { defineConfig, type Plugin } from "vite";

// The style sheet of GraphiQL contains its fonts, which are most of its bytes. The pages
// use the fonts of the system.
const withoutFonts: Plugin = {
  name: "without-fonts",
  enforce: "pre",
  transform: (code, id) => (id.endsWith("/graphiql/dist/style.css") ? code.replaceAll(/@font-face\s*\{[^}]*\}/g, "") : null),
};

// Each mode is one page: explore or console. Its assets are one script and one style sheet,
// at relative addresses, because the page of an application is at the application's path.
export default defineConfig(({ mode }) => ({
  root: mode === "test" ? "." : mode,
  base: "./",
  logLevel: "warn",
  build: {
    outDir: `../dist/${mode}`,
    emptyOutDir: true,
    modulePreload: false,
    target: "es2023",
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      output: { codeSplitting: false },
      onwarn: (warning, warn) => (warning.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : warn(warning)),
    },
  },
  resolve: { alias: { "react-style-singleton": new URL("src/explore/adopted-styles.ts", import.meta.url).pathname } },
  plugins: [withoutFonts],
}));
