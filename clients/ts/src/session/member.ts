/**
 * The session of a member. Where it goes on is in a cookie no script sees, the access token in memory; all tabs of a browser share
 * both: one renews, the others are told, and who signs in or out does so for all of them.
 */
import type { Refused } from "../attempts.js";
import { asError, endsSession, RapportError } from "../error.js";
import { auth, type SignInRequest, type SignInResponse } from "../generated/auth.js";
import type { Member } from "../generated/tenants.js";
import type { Unsubscribe } from "../listeners.js";
import { localTexts, type TextStore } from "../store.js";
import { uuid } from "../uuid.js";
import { pause } from "../wait.js";
import { Keeper } from "./keeper.js";
import { Access, type Session, type SessionMaker, type SessionState, type Surroundings } from "./session.js";

export interface MemberSessionOptions {
  /** Where the id of a renewal under way is kept, for the page that comes after; `localStorage` where nothing is said. */
  readonly texts?: TextStore;
}

/** A session that members sign in to. */
export function memberSession(options: MemberSessionOptions = {}): SessionMaker<MemberSession> {
  return (around) => new MemberSession(around, options.texts ?? localTexts());
}

/** What tabs tell one another: a new token, that a session is being signed out of, that it is over. */
type Told = { readonly token: string } | { readonly leaving: string } | { readonly ended: string };

const PENDING = "rapport-refresh";
/** What Refresh says where there is nothing to go on with; FIELD_INVALID is a browser without the cookie. */
const GONE = ["REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED", "FIELD_INVALID"];

export class MemberSession implements Session {
  readonly #keeper = new Keeper();
  readonly #channel;
  /** The session that is being signed out of: its end is no fault. */
  #leaving: string | undefined;

  constructor(
    private readonly around: Surroundings,
    private readonly texts: TextStore,
  ) {
    this.#channel = around.tabs.channel("session", (message) => this.#hear(message as Told));
  }

  get state(): SessionState {
    return this.#keeper.state;
  }

  get owner(): string | undefined {
    return this.state.status === "active" ? this.state.principal : undefined;
  }

  onChange(listener: (state: SessionState) => void): Unsubscribe {
    return this.#keeper.onChange(listener);
  }

  /** Signs in, for all tabs. Fails with `CREDENTIALS_WRONG` where workspace, address or password is wrong. */
  async signIn(credentials: SignInRequest): Promise<Member> {
    // Not while a renewal is under way: its cookie would come after this one.
    return this.around.tabs.alone("refresh", async () => {
      const answer = (await this.around.call(auth.signIn, { ...credentials })) as SignInResponse;
      await this.texts.remove(PENDING);
      this.#take(new Access(answer.accessToken), true);
      return answer.member as Member;
    });
  }

  /** Goes on with the session this browser has; `false` where it has none. To be called once when a page begins. */
  async restore(): Promise<boolean> {
    try {
      await this.token();
      return true;
    } catch (thrown) {
      if (this.state.status === "over") return false;
      throw thrown;
    }
  }

  /** Signs out, for all tabs, here and at the server. Where that cannot be reached it fails, and nothing has changed. */
  async signOut(): Promise<void> {
    const { access } = this.#keeper;
    if (!access) return this.#keeper.end();
    const session = access.claims.sid;
    this.#leaving = session;
    this.#channel.post({ leaving: session } satisfies Told);
    try {
      await this.around.call(auth.signOut, {}, { token: await this.token() });
    } catch (thrown) {
      if (asError(thrown).status !== 401) throw thrown;
    }
    this.#end(session);
  }

  async token(refused?: Refused): Promise<string> {
    const { access } = this.#keeper;
    if (refused && endsSession(refused.error.reason) && access?.token === refused.token)
      this.#end(access.claims.sid, refused.error);
    if (this.state.status === "over") throw this.#keeper.over;
    return this.#keeper.token(refused, () => this.around.tabs.alone("refresh", () => this.#renew(refused)));
  }

  close(): void {
    this.#channel.close();
  }

  async #renew(refused: Refused | undefined): Promise<Access> {
    // What another tab has got while this one waited for its turn.
    await pause(0);
    const { access } = this.#keeper;
    if (access?.isFresh(refused?.token)) return access;
    // Spending the cookie twice under two ids would end the session: a page that went away meanwhile leaves its id to the next.
    const requestId = (await this.texts.get(PENDING)) ?? uuid();
    await this.texts.set(PENDING, requestId);
    let fresh: Access;
    try {
      const answer = (await this.around.call(auth.refresh, { requestId })) as { accessToken: string };
      fresh = new Access(answer.accessToken);
    } catch (thrown) {
      const error = asError(thrown);
      // Whatever else it was, the cookie may have been spent: the id stays.
      if (!GONE.includes(error.reason)) throw error;
      await this.texts.remove(PENDING);
      this.#end(access?.claims.sid, access ? error : undefined);
      throw this.#keeper.over;
    }
    await this.texts.remove(PENDING);
    const { state } = this;
    if (state.status === "active" && state.principal !== fresh.claims.sub) throw this.#replaced();
    this.#take(fresh, true);
    return fresh;
  }

  #take(access: Access, tell = false): void {
    this.#keeper.take(access);
    if (tell) this.#channel.post({ token: access.token } satisfies Told);
  }

  #end(session: string | undefined, error?: RapportError): void {
    this.#keeper.end(session === this.#leaving ? undefined : error);
    if (session) this.#channel.post({ ended: session } satisfies Told);
  }

  #hear(told: Told): void {
    const { state } = this;
    if ("leaving" in told) {
      this.#leaving = told.leaving;
      return;
    }
    if ("ended" in told) {
      if (state.status === "active" && state.session === told.ended) this.#keeper.end();
      return;
    }
    const access = new Access(told.token);
    if (state.status === "active" && state.principal !== access.claims.sub) this.#replaced();
    else this.#take(access);
  }

  /** Somebody else has this browser's cookie; this page shows what was somebody else's. */
  #replaced(): RapportError {
    const error = new RapportError({ reason: "SESSION_REPLACED", message: "somebody has signed in anew in another tab" });
    this.#keeper.end(error);
    return error;
  }
}
