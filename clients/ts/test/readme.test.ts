// The README's example is run as it stands there, but for the server's address.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { until } from "./people.js";
import { Server } from "./server.js";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

test("the README's example is ten lines at most and holds a conversation", async () => {
  const readme = await readFile(resolve(import.meta.dirname, "../README.md"), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(example.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  expect(example).toContain("http://127.0.0.1:8080");

  const said: unknown[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line) => void said.push(line));
  // Node.js has one of its own from version 22 on.
  globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
  const folder = await mkdtemp(join(import.meta.dirname, "example-"));
  try {
    const file = join(folder, "example.ts");
    await writeFile(file, example.replace("http://127.0.0.1:8080", server.url));
    await import(file);
    const listen = (look: () => void) => {
      const timer = setInterval(look, 10);
      return () => clearInterval(timer);
    };
    await until("both messages were heard", listen, () => said.length === 2);
    expect(said).toEqual(["Vera: Hello?", "Vera: Is anybody there?"]);
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
});
