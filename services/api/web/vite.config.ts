import { defineConfig } from "vite";

/** Builds the page into `dist`, from where the api service serves it. Nothing is loaded from elsewhere. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", modulePreload: false, reportCompressedSize: true },
});
