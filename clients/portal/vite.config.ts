import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// Where a server runs during development: `cargo run` in the root of the repository, or any other.
const server = process.env.RAPPORT_URL ?? "http://127.0.0.1:8080";

// The browser's origin stays the page's own: the edge compares it with the Host it is asked under.
const proxy = {
  "^/(v1|docs|health|\\.well-known|openapi\\.json)": { target: server, ws: true, changeOrigin: false },
};

// What the edge sends with the page, so that a preview shows what breaks it.
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
};

/** The script that the page waits for: classic, before all others, under a hashed name. */
function firstTheme(): Plugin {
  const path = "src/app/firstTheme.js";
  return {
    name: "first-theme",
    generateBundle() {
      const source = readFileSync(resolve(import.meta.dirname, path), "utf8");
      this.emitFile({ type: "asset", name: "firstTheme.js", source });
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle = {} }) {
        const built = Object.keys(bundle).find((name) => /\/firstTheme-[^/]+\.js$/.test(name));
        return [{ tag: "script", attrs: { src: `/${built ?? path}` }, injectTo: "head-prepend" }];
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwind(), firstTheme()],
  resolve: { alias: { "@": resolve(import.meta.dirname, "src") } },
  server: { proxy },
  preview: { proxy, headers },
  build: {
    target: "es2022",
    manifest: true,
    // Nothing becomes a data: address, so that everything has a hashed name of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
