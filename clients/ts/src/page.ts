/** What the page says of itself and of the network, where there is a page. */
import type { Unsubscribe } from "./listeners.js";

export interface Signs {
  /** It may be back: what is open may be dead, what waits may try at once. */
  check(): void;
  /** It may be gone. */
  doubt(): void;
}

/** Watches the page; gives what ends that. */
export function watchPage(signs: Signs): Unsubscribe {
  const { window, document } = globalThis;
  if (typeof window?.addEventListener !== "function" || typeof document?.addEventListener !== "function") return () => undefined;
  const control = new AbortController();
  const { signal } = control;
  const check = () => signs.check();
  window.addEventListener("online", check, { signal });
  // Machines say it too when one of several networks is gone.
  window.addEventListener("offline", () => signs.doubt(), { signal });
  window.addEventListener("pageshow", (event) => event.persisted && check(), { signal });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check(), { signal });
  return () => control.abort();
}

/** Calls it when the page is used again or the network is back. */
export function onNetwork(back: () => void): Unsubscribe {
  return watchPage({ check: back, doubt: () => undefined });
}
