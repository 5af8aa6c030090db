/** Presence on the page: one stream while anybody looks, and the member's own choice. */
import { asError } from "@rapport/client";
import { useCallback, useSyncExternalStore } from "react";
import { client } from "@/app/client";
import { useSay } from "@/errors/useSay";
import { useSelf } from "@/session/session";
import type { Status } from "@/ui";
import { Board, type People } from "./board";
import { wordFor } from "./status";

const AGAIN_MS = 5000;

let board = new Board();
let people: People = board.people;
/** What the member has just chosen, until the stream says it. */
let chosen: Status | undefined;
let end: AbortController | undefined;
const listeners = new Set<() => void>();

function changed(): void {
  people = board.people;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!end) {
    end = new AbortController();
    void watch(end.signal);
  }
  return () => {
    listeners.delete(listener);
    // A screen that goes and its successor come in one breath.
    setTimeout(() => {
      if (listeners.size > 0) return;
      end?.abort();
      end = undefined;
      board = new Board();
      chosen = undefined;
      people = board.people;
    });
  };
}

/** Follows the stream until nobody looks. A stream that was refused is asked for again in a while. */
async function watch(signal: AbortSignal): Promise<void> {
  const mine = board;
  while (!signal.aborted) {
    mine.restart();
    try {
      const stream = client.presence.watchPresence({}, { signal, onRestart: () => mine.restart() });
      for await (const { members, snapshotEnd } of stream) {
        mine.take(members, snapshotEnd);
        if (mine.isKnown) chosen = undefined;
        changed();
      }
    } catch (thrown) {
      if (asError(thrown).reason === "PERMISSION_MISSING") return;
    }
    await new Promise<void>((done) => {
      const timer = setTimeout(done, AGAIN_MS);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        done();
      });
    });
  }
}

/** Everybody who is not offline, and those who went offline since. */
export function usePeople(): People {
  return useSyncExternalStore(subscribe, () => people);
}

/** How a member is shown. */
export function useStatus(memberId: string): Status {
  return usePeople().get(memberId)?.status ?? "offline";
}

/** How the signed-in member is shown, and the choice of it: seen at once, taken back where it fails. */
export function useOwnStatus(): { status: Status; choose: (status: Status) => void } {
  const { memberId } = useSelf().member;
  const told = useStatus(memberId);
  const wanted = useSyncExternalStore(subscribe, () => chosen);
  const say = useSay();
  const choose = useCallback(
    (status: Status) => {
      chosen = status;
      changed();
      client.presence.setStatus({ status: wordFor(status) }).catch((error: unknown) => {
        chosen = undefined;
        changed();
        say(error, () => choose(status));
      });
    },
    [say],
  );
  return { status: wanted ?? told, choose };
}
