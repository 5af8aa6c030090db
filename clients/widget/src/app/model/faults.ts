/** What a customer is told when something is refused: by its reason, never by the server's own words. */
import { RapportError } from "@rapport/client/light";
import type { Key } from "../texts/index";

export interface Fault {
  readonly reason: string;
  readonly violations?: readonly { readonly field: string }[];
}

const SERVER = ["NETWORK", "UNREADABLE", "CORE_UNAVAILABLE", "STORE_UNAVAILABLE", "SHUTTING_DOWN", "CANCELLED", "EDGE_KEY_WRONG"];
const SLOW = ["TIMEOUT", "DEADLINE_EXCEEDED", "REQUEST_TOO_SLOW"];
const BUSY = ["RATE_LIMITED", "OVERLOADED", "CALLS_IN_FLIGHT", "TOO_MANY_STREAMS", "SLOW_READER"];
const LONG = ["REQUEST_TOO_LARGE", "HEADERS_TOO_LARGE"];
const SESSION = ["TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_STALE", "SESSION_ENDED", "VISITOR_SECRET_INVALID"];
const REFUSED = ["ORIGIN_REFUSED", "PERMISSION_MISSING"];
const CLOSED = ["CHAT_CLOSED", "TICKET_CLOSED"];

const TEXTS = new Map<string, Key>(
  (
    [
      [SERVER, "faultServer"],
      [SLOW, "faultSlow"],
      [BUSY, "faultBusy"],
      [LONG, "faultTooLong"],
      [[...SESSION, "SIGNED_OUT", "SESSION_REPLACED"], "faultSession"],
      [REFUSED, "faultRefused"],
      [CLOSED, "faultClosed"],
      [["NOT_FOUND"], "faultGone"],
      [["STORAGE"], "faultStorage"],
    ] as const
  ).flatMap(([reasons, key]) => reasons.map((reason): [string, Key] => [reason, key])),
);

const FIELDS: Readonly<Record<string, Key>> = { email: "faultEmail", name: "faultName", text: "faultText" };

export function faultText({ reason, violations = [] }: Fault): Key {
  if (reason !== "FIELD_INVALID") return TEXTS.get(reason) ?? "faultInternal";
  const known = violations.map(({ field }) => FIELDS[field]).find((key) => key !== undefined);
  return known ?? "faultField";
}

/** What is said of something that waits to be sent. */
export function waitText(fault: Fault | undefined): Key {
  return fault && BUSY.includes(fault.reason) ? "waitingBusy" : "waiting";
}

/** Whatever was thrown, as something that can be told. */
export function asFault(thrown: unknown): Fault {
  return thrown instanceof RapportError ? thrown : { reason: "INTERNAL" };
}
