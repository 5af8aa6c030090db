/**
 * What has been typed and not sent. It survives a reload, an ended session and a broken connection, in this tab; it ends when it is sent,
 * and when its writer signs out.
 */
import { useCallback, useSyncExternalStore } from "react";

const PREFIX = "rapport-draft:";
const listeners = new Set<() => void>();

function changed() {
  for (const listener of listeners) listener();
}

export function readDraft(key: string): string {
  return sessionStorage.getItem(PREFIX + key) ?? "";
}

export function writeDraft(key: string, text: string): void {
  if (text) sessionStorage.setItem(PREFIX + key, text);
  else sessionStorage.removeItem(PREFIX + key);
  changed();
}

/** Forgets all of them. */
export function dropDrafts(): void {
  const keys = Array.from({ length: sessionStorage.length }, (_, place) => sessionStorage.key(place));
  for (const key of keys) if (key?.startsWith(PREFIX)) sessionStorage.removeItem(key);
  changed();
}

/** The draft of a place, such as `chat:chat_…`, and how to change it. */
export function useDraft(key: string): readonly [string, (text: string) => void] {
  const text = useSyncExternalStore(subscribe, () => readDraft(key));
  return [text, useCallback((next: string) => writeDraft(key, next), [key])];
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
