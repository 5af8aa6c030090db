import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "scenarios",
  testMatch: "*.ts",
  // Pictures of what everybody saw, where a scenario fails.
  outputDir: process.env.RAPPORT_TEST_PICTURES ?? join(tmpdir(), "rapport-e2e"),
  reporter: [["list"]],
  fullyParallel: true,
  workers: 2,
  // What happens once in a while, a message shown twice, is what these are for.
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
    },
  },
});
