/** Something that is to be read as soon as it is wanted, again when the network is back, and again when somebody asks. */
import { asError, type RapportError } from "@rapport/client";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { client } from "@/app/client";
import { world } from "./desk";

export interface Reading {
  readonly isReading: boolean;
  readonly error: RapportError | undefined;
  retry(): void;
}

/** `key` says what is read, `isWanted` that it is not here yet. */
export function useReading(key: string, isWanted: boolean, read: () => Promise<void>): Reading {
  const isFollowed = useSyncExternalStore(onFollowed, () => world.isFollowed);
  const [failed, setFailed] = useState<{ readonly key: string; readonly error: RapportError }>();
  const [reading, setReading] = useState("");
  const latest = useRef(read);
  latest.current = read;
  const running = useRef("");
  const error = failed?.key === key ? failed.error : undefined;

  const run = useCallback(() => {
    if (running.current === key) return;
    running.current = key;
    setReading(key);
    setFailed(undefined);
    latest
      .current()
      .catch((thrown: unknown) => running.current === key && setFailed({ key, error: asError(thrown) }))
      .finally(() => {
        if (running.current !== key) return;
        running.current = "";
        setReading("");
      });
  }, [key]);

  useEffect(() => {
    // Read before events are heard, it could miss one for good.
    if (isFollowed && isWanted && !error && reading !== key) run();
  }, [isFollowed, isWanted, error, reading, key, run]);

  const mayRetry = error !== undefined && (error.retryable || error.status === 0);
  useEffect(() => {
    if (!mayRetry) return;
    return client.live.onStatus(({ state }) => state === "open" && run());
  }, [mayRetry, run]);

  return { isReading: reading === key, error, retry: run };
}

function onFollowed(changed: () => void) {
  return world.topics.listen("followed", changed);
}
