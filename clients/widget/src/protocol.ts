/**
 * What the host page and the frame say to each other. The loader hands over one end of a channel, addressed to the edge's origin;
 * everything after that travels in the channel, which no other window can read or write.
 */

/** From the loader, once, with a port. */
export interface Hello {
  readonly rapport: 1;
  /** The page the customer is on, without query and fragment. */
  readonly page: string;
  readonly dir: "ltr" | "rtl";
}

/** From the loader, by the port. */
export type ToFrame =
  /** Whether the panel is shown, and whether it covers the page. */
  | { readonly kind: "shown"; readonly open: boolean; readonly sheet: boolean }
  /** What the page knows of the customer. */
  | { readonly kind: "identify"; readonly name: string; readonly email: string };

/** From the frame, by the port. */
export type ToHost =
  /** How the launcher looks. Before the first of these there is none. */
  | { readonly kind: "look"; readonly look: Look }
  | { readonly kind: "unread"; readonly count: number; readonly label: string }
  | { readonly kind: "close" };

export interface Look {
  readonly color: string;
  readonly foreground: string;
  readonly position: "start" | "end";
  /** The text beside the launcher's icon; may be empty. */
  readonly text: string;
  readonly labels: { readonly open: string; readonly close: string; readonly panel: string };
}
