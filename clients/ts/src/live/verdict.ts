/** What the end of a socket means: whether to come back, when, and with what. */
import { RapportError } from "../error.js";
import type { End } from "./socket.js";

export type Verdict =
  /** Come back after a wait. */
  | { readonly kind: "back" }
  /** Come back when there is another token. */
  | { readonly kind: "renew"; readonly error: RapportError }
  /** Come back without the cursor: it is worthless. */
  | { readonly kind: "anew" }
  /** Do not come back: it would end the same way. */
  | { readonly kind: "over"; readonly error: RapportError };

const TOKEN_SPENT = 4401;
const UNAUTHORIZED = 4501;
const CURSOR_INVALID = 4502;

export function judge({ code, reason }: End): Verdict {
  const error = new RapportError({ reason: reason || "NETWORK", message: `the socket was closed with ${code} ${reason}`.trim() });
  if (code === TOKEN_SPENT) return { kind: "renew", error };
  // What a session is worth that was ended knows the session: a visitor's begins anew.
  if (code === UNAUTHORIZED && reason !== "PERMISSION_MISSING") return { kind: "renew", error };
  if (code === CURSOR_INVALID) return { kind: "anew" };
  if (code >= 4500 && code < 5000) return { kind: "over", error };
  return { kind: "back" };
}

/** How long to stay away at least: some ends say that it was too much. */
export function atLeast({ code }: End): number {
  return code === 4429 ? 5_000 : 0;
}
