/** The session of a visitor: who has the secret is this person. It begins when something is first asked, not before. */
import type { Refused } from "../attempts.js";
import { asError } from "../error.js";
import { auth, type StartVisitResponse } from "../generated/auth.js";
import type { Unsubscribe } from "../listeners.js";
import { databaseTexts, type TextStore } from "../store.js";
import { Keeper } from "./keeper.js";
import { Access, type Session, type SessionMaker, type SessionState, type Surroundings } from "./session.js";

export interface VisitorSessionOptions {
  /** The workspace's slug. */
  readonly workspace: string;
  /** Where the secret is kept; the browser's database where nothing is said. */
  readonly texts?: TextStore;
}

/** A session of a visitor of a workspace. */
export function visitorSession(options: VisitorSessionOptions): SessionMaker<VisitorSession> {
  return (around) => new VisitorSession(around, options.workspace, options.texts ?? databaseTexts());
}

export class VisitorSession implements Session {
  readonly #keeper = new Keeper();
  readonly #key: string;

  constructor(
    private readonly around: Surroundings,
    private readonly workspace: string,
    private readonly texts: TextStore,
  ) {
    this.#key = `rapport-visitor:${workspace}`;
  }

  get state(): SessionState {
    return this.#keeper.state;
  }

  get owner(): string {
    return this.#key;
  }

  onChange(listener: (state: SessionState) => void): Unsubscribe {
    return this.#keeper.onChange(listener);
  }

  /** Whether this browser has been here before. Asks nobody. */
  async isReturning(): Promise<boolean> {
    return (await this.texts.get(this.#key)) !== null;
  }

  /** Becomes nobody: the next visit is somebody new's. */
  async forget(): Promise<void> {
    await this.texts.remove(this.#key);
    this.#keeper.end();
  }

  /** Another one whatever the last was refused with: a visit that is over is not the visitor's end, the secret begins another. */
  async token(refused?: Refused): Promise<string> {
    // Two tabs that begin at once must not become two people.
    return this.#keeper.token(refused, () => this.around.tabs.alone(`visit:${this.workspace}`, () => this.#start()));
  }

  close(): void {}

  async #start(): Promise<Access> {
    const secret = await this.texts.get(this.#key);
    let answer: StartVisitResponse;
    try {
      answer = await this.#ask(secret);
    } catch (thrown) {
      if (asError(thrown).reason !== "VISITOR_SECRET_INVALID") throw thrown;
      // Of another installation, or of one that was set up anew: nobody knows this visitor any more.
      await this.texts.remove(this.#key);
      answer = await this.#ask(null);
    }
    await this.texts.set(this.#key, answer.visitorSecret);
    const access = new Access(answer.accessToken);
    this.#keeper.take(access);
    return access;
  }

  async #ask(secret: string | null): Promise<StartVisitResponse> {
    // Safe to repeat: a visitor whose first answer was lost is nobody.
    const request = secret === null ? { workspace: this.workspace } : { workspace: this.workspace, visitorSecret: secret };
    return (await this.around.call({ ...auth.startVisit, read: true }, request)) as StartVisitResponse;
  }
}
