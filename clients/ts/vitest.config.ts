import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // The README's example is run against what is here, not against what was built last.
    alias: { "@rapport/client": resolve(import.meta.dirname, "src/index.ts") },
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Each file starts a server of its own; the machine has other things to do as well.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
