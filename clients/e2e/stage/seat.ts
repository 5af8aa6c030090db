// One person's browser: its own storage, its own network to the server, and an ear at its console and its requests.
import type { BrowserContext, Page } from "@playwright/test";
import type { Network } from "../../ts/test/network";

/** What Chromium writes of a network that is gone, whether the page deals with it or not. */
export const CUT = /net::ERR_|WebSocket connection to .* failed/;

/** Says it where the same words stand twice in a conversation, be it for one frame. No two messages of a scenario are alike. */
export function watchDoubles(): void {
  const texts = () =>
    [...document.querySelectorAll("[role=log]")].map((log) =>
      [...log.querySelectorAll("[data-text], .bubble")].map((row) => row.textContent ?? ""),
    );
  new MutationObserver(() => {
    for (const all of texts()) {
      const double = all.find((text, at) => all.indexOf(text) !== at);
      if (double !== undefined) console.error(`"${double}" stands there twice`);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

export class Seat {
  /** What must not have been: words in the console, requests to somewhere else. */
  readonly faults: string[] = [];
  readonly #expected: RegExp[] = [];

  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly network: Network,
    private readonly origins: ReadonlySet<string>,
  ) {}

  static at(name: string, context: BrowserContext, network: Network, origins: readonly string[] = []): Seat {
    const seat = new Seat(name, context, network, new Set([network.url, ...origins]));
    context.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      seat.#heard(`${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => seat.#heard(String(error.error().stack ?? error.error())));
    context.on("request", (request) => seat.#asked(request.url()));
    context.on("page", (page) => page.on("websocket", (socket) => seat.#asked(socket.url().replace(/^ws/, "http"))));
    return seat;
  }

  get url(): string {
    return this.network.url;
  }

  page(): Promise<Page> {
    return this.context.newPage();
  }

  /** From now on the console may say this: it is what is tried. */
  expects(...patterns: RegExp[]): void {
    this.#expected.push(...patterns);
  }

  /** Takes the network away: what is open breaks, what is tried fails. */
  async goOffline(): Promise<void> {
    this.expects(CUT);
    this.network.down();
    await this.#tell(false);
  }

  /** Breaks the lines without the browser being told that it is offline. */
  loseTheServer(): void {
    this.expects(CUT);
    this.network.down();
  }

  async goOnline(): Promise<void> {
    this.network.up();
    await this.#tell(true);
  }

  /** What a browser says of its network. Chromium's own way to play it takes the live connections of other people's contexts along. */
  async #tell(isOnline: boolean): Promise<void> {
    const frames = this.context.pages().flatMap((page) => page.frames());
    const tell = (online: boolean) => {
      Object.defineProperty(navigator, "onLine", { configurable: true, get: () => online });
      dispatchEvent(new Event(online ? "online" : "offline"));
    };
    await Promise.all(frames.map((frame) => frame.evaluate(tell, isOnline)));
  }

  #heard(text: string): void {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.faults.push(`${this.name}'s console: ${text}`);
  }

  #asked(url: string): void {
    const { protocol, origin } = new URL(url);
    if (protocol === "data:" || protocol === "blob:" || this.origins.has(origin)) return;
    this.faults.push(`${this.name}'s browser asked ${url}`);
  }
}
