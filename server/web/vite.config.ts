import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { compress } from "./build/compress.ts";

/** The tablet starts without a network: its worker has every file of the app before it is needed. */
function offline(): Plugin[] {
  return VitePWA({
    strategies: "injectManifest",
    registerType: "prompt",
    injectRegister: false,
    srcDir: ".",
    filename: "sw.ts",
    scope: "/tablet",
    injectManifest: { globPatterns: ["**/*.{html,js,mjs,css,svg,wasm,webmanifest}"], maximumFileSizeToCacheInBytes: 4 * 1024 * 1024 },
    manifest: {
      id: "/tablet",
      name: "耕卫巡查",
      short_name: "耕卫",
      lang: "zh-CN",
      start_url: "/tablet",
      scope: "/tablet",
      display: "standalone",
      background_color: "#f6f8f2",
      theme_color: "#1f6b35",
      icons: [{ src: "/tablet/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
    },
  });
}

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
    server: {
      // The agent in WebAssembly lies beside the pages.
      fs: { allow: [resolve(import.meta.dirname, "../..")] },
      proxy: { "^/(api|tiles|g|r|sync|ogc)(/|$)": process.env["GENGWEI_URL"] ?? "http://127.0.0.1:8080" },
    },
    plugins: [...(face === "tablet" ? offline() : []), compress(out)],
    test: { root: import.meta.dirname, include: ["{shared,console,tablet}/**/*.test.ts"] },
  };
});
