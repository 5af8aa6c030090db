/** The one error: whatever went wrong, wherever, with the reason to switch on. */

import type { Problem, Violation } from "./generated/live.js";
import type { Reason } from "./generated/reasons.js";

/** What went wrong where the server could not say it. */
export type LocalReason =
  /** Nothing came back: no network, no server, or the connection broke. What was asked may have happened. */
  | "NETWORK"
  /** Nothing came back in time. What was asked may have happened. */
  | "TIMEOUT"
  /** The caller's own signal ended it. */
  | "CANCELLED"
  /** Something answered that is not a server of this kind, a proxy perhaps. */
  | "UNREADABLE"
  /** There is no session: sign in. */
  | "SIGNED_OUT"
  /** In another tab somebody else has signed in. */
  | "SESSION_REPLACED"
  /** The browser could not keep what was to be sent. */
  | "STORAGE";

/** A reason to switch on; a newer server may have some that are not listed. */
export type AnyReason = Reason | LocalReason | (string & {});

export interface RapportErrorInit {
  readonly reason: AnyReason;
  readonly message: string;
  readonly status?: number;
  readonly retryable?: boolean;
  readonly retryAfter?: number | undefined;
  readonly violations?: readonly Violation[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly requestId?: string;
  readonly cause?: unknown;
}

/** Why something did not work. */
export class RapportError extends Error {
  override readonly name = "RapportError";
  /** What to switch on. */
  readonly reason: AnyReason;
  /** The HTTP status; 0 where nothing was answered. */
  readonly status: number;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** When to come back, in milliseconds; absent where nobody said. */
  readonly retryAfter: number | undefined;
  /** The fields that break their rules. */
  readonly violations: readonly Violation[];
  /** What the reason promises. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The id to quote; empty where nothing was answered. */
  readonly requestId: string;

  constructor(init: RapportErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.reason = init.reason;
    this.status = init.status ?? 0;
    this.retryable = init.retryable ?? false;
    this.retryAfter = init.retryAfter;
    this.violations = init.violations ?? [];
    this.metadata = init.metadata ?? {};
    this.requestId = init.requestId ?? "";
  }

  /** From problem details, which HTTP and the socket have alike. */
  static of(problem: Partial<Problem>): RapportError {
    const { reason = "UNREADABLE", detail = "", title = "", retryAfter, ...rest } = problem;
    const init = { ...rest, reason, message: detail || title || reason };
    return new RapportError(retryAfter ? { ...init, retryAfter: retryAfter * 1000 } : init);
  }
}

/** Nothing came back. */
export function lost(message: string, cause?: unknown): RapportError {
  return new RapportError({ reason: "NETWORK", message, retryable: true, cause });
}

/** Whatever was thrown, as the one error. */
export function asError(thrown: unknown): RapportError {
  if (thrown instanceof RapportError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RapportError({ reason: "UNREADABLE", message, cause: thrown });
}

/** Whether it was the access token that was refused. */
export function refusesToken({ reason }: RapportError): boolean {
  return reason === "TOKEN_EXPIRED" || reason === "TOKEN_STALE" || endsSession(reason);
}

/** Whether the session of the token is over, or never was one here. */
export function endsSession(reason: string): boolean {
  return reason === "SESSION_ENDED" || reason === "TOKEN_INVALID";
}
