/** Which chats and tickets a list is of: as the server is asked for them, and as an event is held against it. */
import type { Chat, ChatState, Ticket, TicketPriority, TicketState } from "@rapport/client";

export interface ChatFilter {
  readonly states?: readonly ChatState[] | undefined;
  readonly assigneeId?: string | undefined;
  readonly departmentId?: string | undefined;
  readonly visitorId?: string | undefined;
}

export interface TicketFilter {
  readonly states?: readonly TicketState[] | undefined;
  readonly assigneeId?: string | undefined;
  readonly departmentId?: string | undefined;
  readonly visitorId?: string | undefined;
  readonly priority?: TicketPriority | undefined;
}

/** One name for filters that are alike. */
export function keyOf(filter: ChatFilter | TicketFilter): string {
  const said = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "" && !isEmpty(value));
  return JSON.stringify(said.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The filter as a request has it: nothing is said where nothing is asked for. */
export function asked<F extends ChatFilter | TicketFilter>(filter: F): F {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== "")) as F;
}

export function matchesChat({ states, assigneeId, departmentId, visitorId }: ChatFilter): (chat: Chat) => boolean {
  return (chat) =>
    (!states?.length || states.includes(chat.state)) &&
    (!assigneeId || chat.assignee?.memberId === assigneeId) &&
    (!departmentId || chat.departmentId === departmentId) &&
    (!visitorId || chat.customer?.visitorId === visitorId);
}

export function matchesTicket({
  states,
  assigneeId,
  departmentId,
  visitorId,
  priority,
}: TicketFilter): (ticket: Ticket) => boolean {
  return (ticket) =>
    (!states?.length || states.includes(ticket.state)) &&
    (!assigneeId || ticket.assignee?.memberId === assigneeId) &&
    (!departmentId || ticket.departmentId === departmentId) &&
    (!visitorId || ticket.requester?.visitorId === visitorId) &&
    (!priority || ticket.priority === priority);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
