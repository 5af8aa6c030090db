// A real server with a demo workspace, on free ports and in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

export interface Demo {
  /** Where browsers go. */
  readonly edge_url: string;
  readonly workspace: string;
  readonly owner: Person;
  readonly agents: readonly [Person, Person];
}

/** Whatever becomes of a test, no server outlives it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const PROGRAM = process.env.RAPPORT_TEST_SERVER ?? resolve(import.meta.dirname, "../../../target/debug/rapport");

export class Server {
  private constructor(
    private readonly folder: string,
    private settings: Readonly<Record<string, string>>,
    private child: ChildProcess,
    /** Where the edge is; the same after a restart. */
    readonly url: string,
    readonly demo: Demo,
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "rapport-ts-"));
    const { child, edge } = await run(folder, settings, "127.0.0.1:0");
    const demo: Demo = JSON.parse(await readFile(join(folder, "demo.json"), "utf8"));
    return new Server(folder, settings, child, `http://${edge}`, demo);
  }

  /** Kills it as a power cut does. */
  async kill(): Promise<void> {
    await ended(this.child, "SIGKILL");
  }

  /** Stands still, as an overloaded machine does, until {@link goOn}. */
  pause(): void {
    this.child.kill("SIGSTOP");
  }

  goOn(): void {
    this.child.kill("SIGCONT");
  }

  /** Starts it again on what is there, at the same address; with other settings where some are given. */
  async startAgain(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    this.settings = { ...this.settings, ...settings };
    this.child = (await run(this.folder, this.settings, this.url.slice("http://".length))).child;
  }

  /** Asks it to go, as an operator does. */
  async leave(): Promise<void> {
    await ended(this.child, "SIGTERM");
  }

  /** Ends it and removes what it had. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function run(
  folder: string,
  settings: Readonly<Record<string, string>>,
  edge: string,
): Promise<{ child: ChildProcess; edge: string }> {
  const child = spawn(PROGRAM, [], {
    env: {
      PATH: process.env.PATH,
      RAPPORT_DATA_DIR: folder,
      RAPPORT_EDGE_LISTEN: edge,
      RAPPORT_GRPC_LISTEN: "127.0.0.1:0",
      RAPPORT_ADMIN_LISTEN: "127.0.0.1:0",
      RAPPORT_LIMITS__SIGN_INS: "100000",
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const listening = new Promise<string>((found, failed) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      said.push(line);
      const place = /^rapport listening .*\bedge=(\S+)/.exec(line)?.[1];
      if (place) found(place);
    });
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`${PROGRAM} ended with ${code}:\n${said.join("\n")}`)));
  });
  return { child, edge: await listening };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill(signal);
  await gone;
}
