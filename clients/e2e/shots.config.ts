import config from "./playwright.config";

export default { ...config, testDir: ".", testMatch: "pictures/shots.ts", timeout: 600_000 };
