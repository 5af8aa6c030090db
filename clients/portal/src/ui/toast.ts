/** What is said at the edge of the page, from anywhere; drawn by the one `Toasts` of the page. */
import { useSyncExternalStore } from "react";

export interface ToastInit {
  readonly text: string;
  readonly tone?: "good" | "bad" | undefined;
  /** What can be done about it. */
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

export interface ShownToast extends ToastInit {
  readonly id: number;
}

const MOST = 4;
let shown: readonly ShownToast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function show(next: readonly ShownToast[]) {
  shown = next;
  for (const listener of listeners) listener();
}

/** Says something, from anywhere. The same text twice is one toast. */
export function toast(init: ToastInit): void {
  last += 1;
  show([...shown.filter(({ text }) => text !== init.text), { ...init, id: last }].slice(-MOST));
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useToasts(): readonly ShownToast[] {
  return useSyncExternalStore(subscribe, () => shown);
}

export function closeToast(id: number): void {
  show(shown.filter((each) => each.id !== id));
}
