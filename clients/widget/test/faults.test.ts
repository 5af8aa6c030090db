// Whatever the contract can refuse with has words for a customer.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faultText, waitText } from "../src/app/model/faults";
import { en } from "../src/app/texts/en";

const PROTO = readFileSync(join(import.meta.dirname, "../../../proto/rapport/errors/v1/reason.proto"), "utf8");
const REASONS = [...PROTO.matchAll(/^\s+REASON_(\w+) = \d+ \[/gm)].map(([, reason]) => reason ?? "");

/** What cannot be the customer's doing, or cannot happen to a visitor: a fault of ours, and called one. */
const OURS = new Set(
  "INTERNAL STORE_FULL METHOD_UNKNOWN MALFORMED_REQUEST PAGE_TOKEN_INVALID CURSOR_INVALID REQUEST_ID_REUSED REQUEST_ID_EXPIRED \
  REVISION_MISMATCH CREDENTIALS_WRONG REFRESH_TOKEN_INVALID REFRESH_TOKEN_REUSED SETUP_TOKEN_WRONG SETUP_DONE OWNER_ONLY SLUG_TAKEN \
  MEMBER_EXISTS DEPARTMENT_EXISTS LAST_OWNER MEMBER_NOT_ASSIGNABLE CHAT_TAKEN INTERNAL_NOTE_REFUSED SEQ_BEYOND_END TICKET_STATE_REFUSED \
  ROUTE_UNKNOWN VERB_NOT_ALLOWED CONTENT_TYPE_UNSUPPORTED TOKEN_IN_URL PASSWORD_WRONG".split(/\s+/),
);

test("every reason is told, and only what is ours is told as ours", () => {
  expect(REASONS.length).toBeGreaterThan(50);
  for (const reason of REASONS) {
    const key = faultText({ reason, violations: [{ field: "email" }] });
    expect(en, reason).toHaveProperty(key);
    expect(key === "faultInternal", reason).toBe(OURS.has(reason));
  }
});

test("what waits says so, and where the server wants it later, that", () => {
  expect(waitText(undefined)).toBe("waiting");
  expect(waitText({ reason: "NETWORK" })).toBe("waiting");
  expect(waitText({ reason: "RATE_LIMITED" })).toBe("waitingBusy");
  expect(waitText({ reason: "OVERLOADED" })).toBe("waitingBusy");
});

test("a field that is refused is named", () => {
  expect(faultText({ reason: "FIELD_INVALID", violations: [{ field: "pageUrl" }, { field: "email" }] })).toBe("faultEmail");
  expect(faultText({ reason: "FIELD_INVALID" })).toBe("faultField");
  expect(faultText({ reason: "OF_A_NEWER_SERVER" })).toBe("faultInternal");
});
