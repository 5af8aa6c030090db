/**
 * From the draft into the queue. The request id is made and kept before anything else: a page that goes away in the middle puts the same
 * message into the queue again when it is back, and the server takes it once.
 */
import { uuid } from "@rapport/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { readDraft, writeDraft } from "@/session/drafts";

/** Keeps it to be sent; ends when it is kept. */
export type Put = (text: string, isNote: boolean, requestId: string) => Promise<unknown>;

interface Parting {
  readonly text: string;
  readonly isNote: boolean;
  readonly requestId: string;
}

export function usePut(draft: string, put: Put): { put(text: string, isNote: boolean): void; readonly error: unknown } {
  const [error, setError] = useState<unknown>();
  const latest = useRef(put);
  latest.current = put;
  const place = `${draft}:parting`;

  const go = useCallback(
    async ({ text, isNote, requestId }: Parting) => {
      try {
        await latest.current(text, isNote, requestId);
      } catch (thrown) {
        setError(thrown);
        if (readDraft(draft) === "") writeDraft(draft, text);
      }
      writeDraft(place, "");
    },
    [draft, place],
  );

  useEffect(() => {
    const left = readDraft(place);
    if (left !== "") void go(JSON.parse(left) as Parting);
  }, [place, go]);

  const start = useCallback(
    (text: string, isNote: boolean) => {
      // The one before is kept in a moment.
      if (readDraft(place) !== "") return;
      const parting: Parting = { text, isNote, requestId: uuid() };
      writeDraft(place, JSON.stringify(parting));
      writeDraft(draft, "");
      setError(undefined);
      void go(parting);
    },
    [draft, place, go],
  );
  return { put: start, error };
}
