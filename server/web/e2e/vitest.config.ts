import { defineConfig } from "vitest/config";

/** The pages in a real browser against the real program; one file after the other, for they share two cores. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
