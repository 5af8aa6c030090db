/** What the tickets' screen shows, as its address says it. */
import type { TicketPriority } from "@rapport/client";
import type { TicketFilter } from "@/live/filters";
import { DONE, PRIORITIES, STATES, UNDONE } from "./words";

export const VIEWS = ["open", "mine", "done", "all"] as const;
export type TicketsView = (typeof VIEWS)[number];

export interface TicketsSearch {
  readonly view?: TicketsView | undefined;
  readonly state?: (typeof STATES)[number] | undefined;
  readonly priority?: TicketPriority | undefined;
  readonly assignee?: string | undefined;
  readonly details?: true | undefined;
}

export function ticketsSearch(search: Record<string, unknown>): TicketsSearch {
  const { view, state, priority, assignee, details } = search;
  return {
    ...(VIEWS.includes(view as TicketsView) ? { view: view as TicketsView } : {}),
    ...(STATES.includes(state as (typeof STATES)[number]) ? { state: state as (typeof STATES)[number] } : {}),
    ...(PRIORITIES.includes(priority as (typeof PRIORITIES)[number]) ? { priority: priority as TicketPriority } : {}),
    ...(typeof assignee === "string" ? { assignee } : {}),
    ...(details === true ? { details } : {}),
  };
}

export function filterOf({ view = "open", state, priority, assignee }: TicketsSearch, memberId: string): TicketFilter {
  const states = state ? [state] : view === "all" ? [] : view === "done" ? DONE : UNDONE;
  return { states, priority, assigneeId: view === "mine" ? memberId : assignee };
}
