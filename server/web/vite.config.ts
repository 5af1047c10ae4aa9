import { resolve } from "node:path";
import { defineConfig } from "vite";
import { compress } from "./build/compress.ts";

/** `--mode console` and `--mode tablet`: two faces, two builds, each with a base of its own. */
export default defineConfig(({ mode }) => {
  const face = mode === "tablet" ? "tablet" : "console";
  const out = resolve(import.meta.dirname, "dist", face);
  return {
    root: resolve(import.meta.dirname, face),
    base: `/${face}/`,
    publicDir: resolve(import.meta.dirname, face, "public"),
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: out,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1200,
      sourcemap: false,
    },
    worker: { format: "es" },
    // `npx vite --mode console` beside a running server: pages from here, all else from there.
    server: { proxy: { "^/(api|tiles|g|r|sync|ogc)(/|$)": process.env["GENGWEI_URL"] ?? "http://127.0.0.1:8080" } },
    plugins: [compress(out)],
    test: { root: import.meta.dirname, include: ["{shared,console,tablet}/**/*.test.ts"] },
  };
});
