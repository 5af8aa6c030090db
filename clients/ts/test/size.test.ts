// What a page pays: the widget has 40 kB for all it is.
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

async function gzipped(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: resolve(import.meta.dirname, "../src"), loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

test("a visitor's page pays for what it uses", async () => {
  const visitor = await gzipped(`
    import { chats, createClient, tickets, visitorSession } from "./light.ts";
    globalThis.client = createClient({ chats, tickets }, { session: visitorSession({ workspace: "demo" }) });
  `);
  expect(visitor).toBeGreaterThan(4_000);
  expect(visitor).toBeLessThan(12_000);
});

test("a member's page has all of it for little more", async () => {
  const member = await gzipped(`
    import { createClient, memberSession } from "./index.ts";
    globalThis.client = createClient({ session: memberSession() });
  `);
  expect(member).toBeLessThan(14_000);
});
