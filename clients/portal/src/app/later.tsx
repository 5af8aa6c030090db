/**
 * Parts of the page that nobody needs at first, such as menus and dialogs. They are fetched when they are first shown, and all of them once
 * the page is at rest, so that they are there at once and without a network.
 */
import { RapportError } from "@rapport/client";
import { Component, type ComponentType, type ReactNode, Suspense, use, useState } from "react";

/** A part could not be fetched. */
export class FetchError extends Error {
  /** The same for the reader. */
  readonly reason = new RapportError({ reason: "NETWORK", message: this.message, cause: this.cause });
}

const parts: (() => Promise<void>)[] = [];
/** Whether the server can be reached. A browser that once failed to import something never tries again as long as the page lives. */
let isReachable = async (): Promise<boolean> => true;
/** Whether all parts were fetched; those of a part that comes later are fetched then. */
let isAtRest = false;

/** Says how to find out whether the server can be reached. */
export function fetchWhere(check: () => Promise<boolean>): void {
  isReachable = check;
}

/** A part that is fetched later; it stands in a {@link Later}. Once it is there it is drawn at once. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let Part: ComponentType<P> | undefined;
  let fetching: Promise<void> | undefined;
  const fetch = () => {
    fetching ??= isReachable()
      .then((isThere) => (isThere ? load() : Promise.reject(new Error("the server cannot be reached"))))
      .then(
        (found) => {
          Part = found;
        },
        (cause: unknown) => {
          fetching = undefined;
          throw new FetchError("a part of the page could not be fetched", { cause });
        },
      );
    return fetching;
  };
  parts.push(fetch);
  if (isAtRest) queueMicrotask(() => fetch().catch(() => undefined));
  return function LaterPart(props) {
    if (!Part) use(fetch());
    return Part && <Part {...props} />;
  };
}

/** Fetches all parts when the page is at rest; gives the way to leave it. */
export function fetchLater(): () => void {
  // One that cannot be had now is fetched when it is shown.
  const fetchAll = () => {
    isAtRest = true;
    parts.forEach((fetch) => void fetch().catch(() => undefined));
  };
  if (typeof requestIdleCallback === "undefined") {
    const timer = setTimeout(fetchAll, 1_000);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(fetchAll, { timeout: 3_000 });
  return () => cancelIdleCallback(idle);
}

const AGAIN_MS = 3_000;

interface LaterProps {
  /** What stands there until the part is here. */
  readonly fallback?: ReactNode;
  /** What stands there where it could not be fetched; the fallback where it is left out. */
  readonly failed?: (error: FetchError, again: () => void) => ReactNode;
  readonly children: ReactNode;
}

/** Where a part stands: until it is here, and where it cannot be fetched, something simpler. It is tried again. */
export class Later extends Component<LaterProps, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#again, AGAIN_MS);
  }

  readonly #again = () => this.setState({ error: undefined });

  override componentWillUnmount(): void {
    clearTimeout(this.#timer);
  }

  override render(): ReactNode {
    const { fallback = null, failed, children } = this.props;
    const { error } = this.state;
    if (error instanceof FetchError) return failed ? failed(error, this.#again) : fallback;
    // A fault of the part itself is for whoever is around.
    if (error !== undefined) throw error;
    return <Suspense fallback={fallback}>{children}</Suspense>;
  }
}

export interface BehindProps {
  readonly button: (onClick: () => void) => ReactNode;
  /** What opens at the button, with the button; `isWanted` where it was pressed before this was here. */
  readonly part: (isWanted: boolean) => ReactNode;
}

/** A button with a part behind it. Pressed before the part is here, it opens as soon as it is. */
export function Behind({ button, part }: BehindProps) {
  const [isWanted, setWanted] = useState(false);
  return <Later fallback={button(() => setWanted(true))}>{part(isWanted)}</Later>;
}
