/** Why something did not work, in the reader's language. By the reason, never by the server's text. */
import { RapportError } from "@rapport/client";
import type { TFunction } from "i18next";

export interface Explained {
  readonly text: string;
  /** What is wrong with each field, by its name in the request (`name`, `owner.email`). */
  readonly fields: Readonly<Record<string, string>>;
  /** Whether the same may work when it is tried again. */
  readonly again: boolean;
  /** The id to quote where it was our fault; empty otherwise. */
  readonly quote: string;
}

/** The reasons that are told alike. */
export const SAME: Readonly<Record<string, string>> = {
  STORE_UNAVAILABLE: "SERVER_TROUBLE",
  CORE_UNAVAILABLE: "SERVER_TROUBLE",
  SHUTTING_DOWN: "SERVER_TROUBLE",
  UNREADABLE: "SERVER_TROUBLE",
  TIMEOUT: "SLOW",
  DEADLINE_EXCEEDED: "SLOW",
  REQUEST_TOO_SLOW: "SLOW",
  HEADERS_TOO_LARGE: "REQUEST_TOO_LARGE",
  SLOW_READER: "RATE_LIMITED",
  TOO_MANY_STREAMS: "RATE_LIMITED",
  CALLS_IN_FLIGHT: "RATE_LIMITED",
  TOKEN_MISSING: "SESSION_ENDED",
  TOKEN_INVALID: "SESSION_ENDED",
  TOKEN_EXPIRED: "SESSION_ENDED",
  REFRESH_TOKEN_INVALID: "SESSION_ENDED",
  REFRESH_TOKEN_REUSED: "SESSION_ENDED",
  SIGNED_OUT: "SESSION_ENDED",
};

export function explain(t: TFunction, thrown: unknown): Explained {
  const error = thrown instanceof RapportError ? thrown : fault(thrown);
  const fields = Object.fromEntries(error.violations.map(({ field }) => [camel(field), t("errors.field")]));
  return {
    text: textOf(t, error),
    fields,
    again: error.retryable || error.reason === "NETWORK" || error.reason === "TIMEOUT",
    quote: error.reason === "INTERNAL" ? error.requestId : "",
  };
}

function textOf(t: TFunction, error: RapportError): string {
  const reason = SAME[error.reason] ?? error.reason;
  if (reason === "RATE_LIMITED" && error.retryAfter)
    return t("errors.RATE_LIMITED_UNTIL", { count: Math.max(1, Math.ceil(error.retryAfter / 1000)) });
  // A newer server may have reasons this page does not know.
  return t([`errors.${reason}`, "errors.unknown"], { ...error.metadata });
}

/** What is no answer of a server is a fault of this page. */
function fault(thrown: unknown): RapportError {
  return new RapportError({ reason: "PAGE_FAULT", message: String(thrown), cause: thrown });
}

function camel(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
