// One real server with its demo workspace, one Chromium, and people at browsers of their own. What must hold in every scenario is looked
// at in the end: empty consoles, and no request to anybody else.
import { type Browser, type BrowserContextOptions, test as base, expect } from "@playwright/test";
import { Network } from "../../ts/test/network";
import { type MemberTab, signedIn } from "../../ts/test/people";
import { type Person as Account, Server } from "../../ts/test/server";
import { Agent } from "./agent";
import { Customer } from "./customer";
import type { Person } from "./person";
import { Seat, watchDoubles } from "./seat";
import type { Language } from "./texts";

export type Settings = Readonly<Record<string, string>>;

/** All of a test come from one address, and come and go faster than people do. */
const MANY: Settings = {
  RAPPORT_LIMITS__ADDRESS_REQUESTS: "2000",
  RAPPORT_LIMITS__SESSION_REQUESTS: "200",
  RAPPORT_PRESENCE_GRACE_MS: "200",
};

export interface Where extends BrowserContextOptions {
  readonly language?: Language;
  /** Nothing of the tests runs in the page: for measurements. */
  readonly isPlain?: boolean;
}

export class Stage {
  readonly #networks: Network[] = [];
  readonly #seats: Seat[] = [];
  readonly #tabs: MemberTab[] = [];
  #hasStaff = false;

  private constructor(
    readonly server: Server,
    private readonly browser: Browser,
  ) {}

  static async open(browser: Browser, settings: Settings): Promise<Stage> {
    return new Stage(await Server.start({ ...MANY, ...settings }), browser);
  }

  get demo() {
    return this.server.demo;
  }

  /** A browser; everything in it reaches the server through a network of its own. */
  async seat(
    name: string,
    { language = "en", isPlain = false, ...options }: Where = {},
    origins: readonly string[] = [],
  ): Promise<Seat> {
    const context = await this.browser.newContext({
      locale: language === "en" ? "en-GB" : "es-MX",
      viewport: { width: 1440, height: 900 },
      ...options,
    });
    context.setDefaultTimeout(30_000);
    const network = await Network.to(this.server.url);
    const seat = Seat.at(name, context, network, origins);
    if (!isPlain) await context.addInitScript(watchDoubles);
    this.#networks.push(network);
    this.#seats.push(seat);
    return seat;
  }

  /** An agent before the sign-in. */
  async visitor(account: Account, where?: Where): Promise<Agent> {
    return Agent.at(await this.seat(account.name, where), account, where?.language ?? "en");
  }

  /** An agent in the inbox. */
  async member(account: Account, where?: Where): Promise<Agent> {
    const agent = await this.visitor(account, where);
    await agent.signIn();
    this.#hasStaff = true;
    return agent;
  }

  ada(where?: Where): Promise<Agent> {
    return this.member(this.demo.agents[0], where);
  }

  ben(where?: Where): Promise<Agent> {
    return this.member(this.demo.agents[1], where);
  }

  olivia(where?: Where): Promise<Agent> {
    return this.member(this.demo.owner, where);
  }

  /** A customer on the demo's page, before the closed widget; who comes after an agent is told that the team is there. */
  async customer(name: string, where?: Where, script?: Readonly<Record<string, string>>): Promise<Customer> {
    if (this.#hasStaff) await this.teamIs(true);
    return Customer.at(await this.seat(name, where), name, where?.language ?? "en", undefined, script);
  }

  /** Somebody without a browser: for what is only the background of a scenario. */
  async behind(account: Account): Promise<MemberTab> {
    const tab = await signedIn(this.server, account);
    this.#tabs.push(tab);
    return tab;
  }

  /** Ends when customers are told that the team is there, or away. */
  async teamIs(isHere: boolean): Promise<void> {
    const asked = `${this.server.url}/v1/widget?workspace=${this.demo.workspace}`;
    await expect
      .poll(async () => ((await (await fetch(asked)).json()) as { teamAvailable?: boolean }).teamAvailable ?? false)
      .toBe(isHere);
  }

  /** A conversation that has begun: the customer has written, the agent has taken it. */
  async inChat(agent: Agent, customer: Customer, text: string): Promise<void> {
    await customer.open();
    await customer.start(text);
    await agent.section("waiting").click();
    await agent.open(text);
    await agent.claim();
    await customer.sees(text);
  }

  /** What the server has of the chat, as the staff sees it. */
  async stored(chatId: string): Promise<string[]> {
    const owner = await this.behind(this.demo.owner);
    const { messages } = await owner.chats.listMessages({ chatId, pageSize: 200 });
    return messages.map(({ text }) => text);
  }

  /** What nobody may have met. */
  get faults(): string[] {
    return this.#seats.flatMap(({ faults }) => faults);
  }

  /** Pictures of what everybody sees, to find out what went wrong. */
  async pictures(place: (name: string) => string): Promise<void> {
    for (const { name, context } of this.#seats)
      for (const [at, page] of context.pages().entries())
        await page.screenshot({ path: place(`${name}-${at}.png`), timeout: 5000 }).catch(() => undefined);
  }

  async close(): Promise<void> {
    for (const tab of this.#tabs) tab.close();
    for (const { context } of this.#seats) await context.close();
    for (const network of this.#networks) await network.close();
    this.server.goOn();
    await this.server.stop();
  }
}

/** The id in the address of a chat that is open. */
export function chatOf(agent: Agent): string {
  return /chat_[^/?]+/.exec(agent.page.url())?.[0] ?? "";
}

/** Everybody reads this, in this order, and nothing else. */
export async function allRead(people: readonly Person[], ...texts: string[]): Promise<void> {
  for (const person of people) await person.reads(...texts);
}

export const test = base.extend<{ settings: Settings; stage: Stage }>({
  settings: [{}, { option: true }],
  stage: async ({ browser, settings }, use, info) => {
    const stage = await Stage.open(browser, settings);
    try {
      await use(stage);
      if (info.status === info.expectedStatus) expect(stage.faults, "what the browsers said and asked").toEqual([]);
      else await stage.pictures((name) => info.outputPath(name));
    } finally {
      await stage.close();
    }
  },
});

export { expect };
