import config from "./playwright.config";

export default { ...config, testDir: ".", testMatch: "pictures/scroll.ts", workers: 1, timeout: 1_800_000 };
