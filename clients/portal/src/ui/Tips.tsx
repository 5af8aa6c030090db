/** Draws the tip of whatever is pointed at for a moment, or is focused by keys. One for the page. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Kbd } from "./Kbd";
import { placeTip, tipOf } from "./tip";

/** How long one points before it is said; after one was said, the next is said at once for a while. */
const PATIENCE = 400;
const STILL = 300;

export function Tips() {
  const [of, setOf] = useState<HTMLElement>();
  useEffect(() => listen(setOf), []);
  return of ? <Shown key={of.dataset.tip} of={of} /> : null;
}

function listen(show: (element: HTMLElement | undefined) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pointed: HTMLElement | undefined;
  let isShown = false;
  let hiddenAt = Number.NEGATIVE_INFINITY;
  const put = (element: HTMLElement | undefined) => {
    clearTimeout(timer);
    if (isShown && !element) hiddenAt = performance.now();
    isShown = element !== undefined;
    show(element);
  };
  const over = ({ target, pointerType }: PointerEvent) => {
    if (pointerType === "touch") return;
    const element = target instanceof Element ? (target.closest<HTMLElement>("[data-tip]") ?? undefined) : undefined;
    if (element === pointed) return;
    pointed = element;
    const isAtOnce = isShown || performance.now() - hiddenAt < STILL;
    put(undefined);
    if (element) timer = setTimeout(() => element.isConnected && put(element), isAtOnce ? 0 : PATIENCE);
  };
  const focus = ({ target }: FocusEvent) => {
    const element = target instanceof HTMLElement && target.matches("[data-tip]:focus-visible") ? target : undefined;
    put(element);
  };
  const hide = () => put(undefined);
  const leave = () => {
    pointed = undefined;
    put(undefined);
  };
  const all: [string, EventListener][] = [
    ["pointerover", over as EventListener],
    ["pointerdown", hide],
    ["focusin", focus as EventListener],
    ["focusout", hide],
    // What a key does may take the element away.
    ["keydown", hide],
    ["scroll", hide],
  ];
  for (const [name, listener] of all) document.addEventListener(name, listener, true);
  document.documentElement.addEventListener("pointerleave", leave);
  return () => {
    clearTimeout(timer);
    for (const [name, listener] of all) document.removeEventListener(name, listener, true);
    document.documentElement.removeEventListener("pointerleave", leave);
  };
}

function Shown({ of }: { readonly of: HTMLElement }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    const page = { width: document.documentElement.clientWidth, height: innerHeight };
    const { left, top } = placeTip(of.getBoundingClientRect(), current.getBoundingClientRect(), page, tipOf(of)?.side);
    current.style.translate = `${Math.round(left)}px ${Math.round(top)}px`;
  }, [of]);
  const said = tipOf(of);
  if (!said) return null;
  return createPortal(
    <div
      ref={box}
      // What is pointed at has its name already; what is seen here says it to nobody twice.
      aria-hidden="true"
      className="pointer-events-none fixed top-0 left-0 z-50 flex max-w-80 animate-dim items-center gap-2 rounded-md bg-ink px-2 py-1 text-xs text-surface"
    >
      {said.text}
      {said.keys && <Kbd keys={said.keys} inverted />}
    </div>,
    document.body,
  );
}
