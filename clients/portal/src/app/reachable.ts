/** Whether the server can be reached, as far as it has to be asked: at first it gave this page, and while the live connection is open it is there. */
import { client } from "./client";

/** How long an answer may take. */
const PATIENCE_MS = 3_000;

let hasBeenLive = false;
let asking: Promise<boolean> | undefined;
client.live.onStatus(({ state }) => {
  hasBeenLive ||= state === "open";
});

export async function reachable(): Promise<boolean> {
  if (!navigator.onLine) return false;
  if (!hasBeenLive || client.live.status.state === "open") return true;
  // Sockets may be what does not get through. Asked once for all that want to know.
  asking ??= fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) })
    .then(
      ({ ok }) => ok,
      () => false,
    )
    .finally(() => {
      asking = undefined;
    });
  return asking;
}
