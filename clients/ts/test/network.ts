// The network between a client and the server: a TCP relay that can break in the ways networks do.
import { connect, createServer, type Server as Listener, type Socket as Tcp } from "node:net";

export class Network {
  readonly #pairs = new Set<[Tcp, Tcp]>();
  #isDown = false;
  #isDeaf = false;
  #isHeld = false;
  readonly #deaf = new WeakSet<Tcp>();
  #swallowed: () => void = () => undefined;
  /** What the server has said so far, as text. */
  said = "";
  /** How many connections were made through it. */
  connections = 0;

  private constructor(
    private readonly listener: Listener,
    readonly url: string,
  ) {}

  static async to(url: string): Promise<Network> {
    const { hostname, port } = new URL(url);
    const listener = createServer((near) => network.#join(near, connect(Number(port), hostname)));
    await new Promise<void>((done) => listener.listen(0, "127.0.0.1", done));
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("the relay has no port");
    const network = new Network(listener, `http://127.0.0.1:${address.port}`);
    return network;
  }

  /** Breaks every connection; new ones work. */
  cut(): void {
    for (const pair of this.#pairs) for (const side of pair) side.destroy();
  }

  /** Breaks every connection, and new ones until {@link up}. */
  down(): void {
    this.#isDown = true;
    this.cut();
  }

  up(): void {
    this.#isDown = false;
    this.#isDeaf = false;
  }

  /** From now on what the server says over the present connections is lost, and nobody is told: as when a cable is pulled. */
  deafen(): void {
    for (const [near] of this.#pairs) this.#deaf.add(near);
  }

  /** The same, for new connections too until {@link up}; ends when an answer has been lost. */
  losesAnAnswer(): Promise<void> {
    this.deafen();
    this.#isDeaf = true;
    return new Promise((lost) => {
      this.#swallowed = lost;
    });
  }

  /** What the clients say waits from now on, until {@link release}. */
  hold(): void {
    this.#isHeld = true;
    for (const [near] of this.#pairs) near.pause();
  }

  release(): void {
    this.#isHeld = false;
    for (const [near] of this.#pairs) near.resume();
  }

  /** Says a frame to every socket in the server's name. */
  frame(frame: object): void {
    this.#inject(0x81, Buffer.from(JSON.stringify(frame)));
  }

  /** Closes every socket in the server's name. */
  closes(code: number, reason: string): void {
    this.#inject(0x88, Buffer.from([code >> 8, code & 0xff, ...Buffer.from(reason)]));
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((done) => this.listener.close(done));
  }

  #join(near: Tcp, far: Tcp): void {
    const pair: [Tcp, Tcp] = [near, far];
    this.connections += 1;
    this.#pairs.add(pair);
    const over = () => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const side of pair) side.on("error", over).on("close", over).setNoDelay();
    if (this.#isDown) over();
    if (this.#isDeaf) this.#deaf.add(near);
    near.on("data", (bytes) => far.write(bytes));
    if (this.#isHeld) near.pause();
    far.on("data", (bytes) => {
      this.said += bytes.toString("latin1");
      if (this.#deaf.has(near)) this.#swallowed();
      else near.write(bytes);
    });
  }

  #inject(opcode: number, payload: Buffer): void {
    if (payload.length > 125) throw new Error("too long for a frame of the shortest kind");
    for (const [near] of this.#pairs) near.write(Buffer.concat([Buffer.from([opcode, payload.length]), payload]));
  }
}
