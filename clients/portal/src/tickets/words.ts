/** The states and priorities of tickets, as they are offered. */
import type { TicketPriority, TicketState } from "@rapport/client";
import type { Tone } from "@/ui";

export const STATES = [
  "TICKET_STATE_NEW",
  "TICKET_STATE_OPEN",
  "TICKET_STATE_PENDING",
  "TICKET_STATE_ON_HOLD",
  "TICKET_STATE_SOLVED",
  "TICKET_STATE_CLOSED",
] as const satisfies readonly TicketState[];
export const UNDONE = STATES.slice(0, 4);
export const DONE = STATES.slice(4);

export const PRIORITIES = [
  "TICKET_PRIORITY_URGENT",
  "TICKET_PRIORITY_HIGH",
  "TICKET_PRIORITY_NORMAL",
  "TICKET_PRIORITY_LOW",
] as const satisfies readonly TicketPriority[];

export const TONES: Readonly<Record<string, Tone>> = {
  TICKET_STATE_NEW: "accent",
  TICKET_STATE_OPEN: "bad",
  TICKET_STATE_PENDING: "warn",
  TICKET_STATE_ON_HOLD: "neutral",
  TICKET_STATE_SOLVED: "good",
  TICKET_STATE_CLOSED: "neutral",
};

/** Where a ticket can be put: nothing comes back to new. */
export function statesFrom(state: TicketState): readonly TicketState[] {
  return STATES.filter((each) => each === state || each !== "TICKET_STATE_NEW");
}
