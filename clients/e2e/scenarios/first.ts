// Somebody who has never seen it, with nothing but what the program prints.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "@playwright/test";
import { Network } from "../../ts/test/network";
import { Agent } from "../stage/agent";
import { Customer } from "../stage/customer";
import { Seat } from "../stage/seat";

test("from what the program prints to a conversation that was held", async ({ browser }) => {
  const folder = await mkdtemp(join(tmpdir(), "rapport-first-"));
  const any = "127.0.0.1:0";
  const child = spawn(process.env.RAPPORT_TEST_SERVER ?? join(import.meta.dirname, "../../../target/debug/rapport"), [], {
    env: {
      PATH: process.env.PATH,
      RAPPORT_DATA_DIR: folder,
      RAPPORT_EDGE_LISTEN: any,
      RAPPORT_GRPC_LISTEN: any,
      RAPPORT_ADMIN_LISTEN: any,
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const printed: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => printed.push(line));
    const found = (pattern: RegExp) => printed.map((line) => pattern.exec(line)).find(Boolean);
    const AGENTS = /agents work at\s+(http:\/\/[^/\s]+)(\/\S*)/;
    const CUSTOMERS = /customers write at\s+http:\/\/[^/\s]+(\/\S*)/;
    const ACCOUNT = /agent\s+(\S+@\S+)\s+(\S+)/;
    await expect.poll(() => [AGENTS, CUSTOMERS, ACCOUNT].every(found)).toBe(true);
    const [, url = "", portal = ""] = found(AGENTS) ?? [];
    const [, shop = ""] = found(CUSTOMERS) ?? [];
    const [, email = "", password = ""] = found(ACCOUNT) ?? [];

    const network = await Network.to(url);
    const seat = async (name: string) => Seat.at(name, await browser.newContext({ locale: "en-GB" }), network);
    const ada = await Agent.at(await seat("Ada"), { name: "Ada Agent", email, password }, "en");
    await ada.go(portal);
    await ada.field("Email").fill(email);
    await ada.field("Password").fill(password);
    await ada.button("Sign in").click();
    await ada.sees("Nobody is waiting");
    const vera = await Customer.at(await seat("Vera"), "Vera", "en", network.url + shop);
    await vera.open();
    await vera.start("Can you hear me?");
    await ada.row("Can you hear me?").click();
    await ada.button("Take chat").click();
    await ada.composer.fill("Loud and clear.");
    await ada.button("Send").click();
    await vera.sees("Loud and clear.");
    await vera.composer.fill("Wonderful!");
    await vera.button("send").click();
    await ada.reads("Can you hear me?", "Loud and clear.", "Wonderful!");
    await vera.reads("Can you hear me?", "Loud and clear.", "Wonderful!");
    expect([...ada.seat.faults, ...vera.seat.faults]).toEqual([]);
    for (const { seat: one } of [ada, vera]) await one.context.close();
    await network.close();
  } finally {
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
    await rm(folder, { recursive: true, force: true });
  }
});
