/** What an element says of itself when it is pointed at or focused; drawn by the one `Tips` of the page. */

export type Side = "top" | "right" | "bottom" | "left";

export interface Tip {
  readonly text: string;
  readonly keys?: string | undefined;
  readonly side?: Side | undefined;
}

/** The attributes of an element that has a tip. */
export function tip({ text, keys, side }: Tip) {
  return { "data-tip": text, "data-tip-keys": keys, "data-tip-side": side };
}

/** The tip of an element, read back. */
export function tipOf(element: HTMLElement): Tip | undefined {
  const { tip: text, tipKeys: keys, tipSide: side } = element.dataset;
  return text ? { text, keys, side: side as Side | undefined } : undefined;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const GAP = 6;
const EDGE = 8;
const OPPOSITE: Readonly<Record<Side, Side>> = { top: "bottom", bottom: "top", left: "right", right: "left" };

/** Where a tip stands beside its element: at its side, at the other one where there is no room, and never beyond the page's edge. */
export function placeTip(
  of: Box,
  tip: Pick<Box, "width" | "height">,
  page: Pick<Box, "width" | "height">,
  side: Side = "bottom",
) {
  const at = beside(of, tip, side);
  const isBeyond =
    side === "left" || side === "right"
      ? at.left < 0 || at.left + tip.width > page.width
      : at.top < 0 || at.top + tip.height > page.height;
  const { left, top } = isBeyond ? beside(of, tip, OPPOSITE[side]) : at;
  return { left: within(left, tip.width, page.width), top: within(top, tip.height, page.height) };
}

function beside(of: Box, { width, height }: Pick<Box, "width" | "height">, side: Side) {
  const middle = { left: of.left + (of.width - width) / 2, top: of.top + (of.height - height) / 2 };
  switch (side) {
    case "top":
      return { ...middle, top: of.top - height - GAP };
    case "bottom":
      return { ...middle, top: of.top + of.height + GAP };
    case "left":
      return { ...middle, left: of.left - width - GAP };
    case "right":
      return { ...middle, left: of.left + of.width + GAP };
  }
}

function within(start: number, size: number, page: number): number {
  return Math.max(EDGE, Math.min(start, page - size - EDGE));
}
