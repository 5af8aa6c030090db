/** What the inbox shows, as its address says it: a reload and a link show the same. */
import type { ChatFilter } from "@/live/filters";

export const SECTIONS = ["waiting", "mine", "active", "closed"] as const;
export type Section = (typeof SECTIONS)[number];

export interface InboxSearch {
  readonly section?: Section | undefined;
  readonly department?: string | undefined;
  readonly assignee?: string | undefined;
  /** On narrow screens the customer is over the conversation. */
  readonly customer?: true | undefined;
}

export function inboxSearch(search: Record<string, unknown>): InboxSearch {
  const { section, department, assignee, customer } = search;
  return {
    ...(SECTIONS.includes(section as Section) ? { section: section as Section } : {}),
    ...(typeof department === "string" ? { department } : {}),
    ...(typeof assignee === "string" ? { assignee } : {}),
    ...(customer === true ? { customer } : {}),
  };
}

export function filterOf({ section = "waiting", department, assignee }: InboxSearch, memberId: string): ChatFilter {
  switch (section) {
    case "waiting":
      return { states: ["CHAT_STATE_WAITING"], departmentId: department };
    case "mine":
      return { states: ["CHAT_STATE_ACTIVE"], departmentId: department, assigneeId: memberId };
    case "active":
      return { states: ["CHAT_STATE_ACTIVE"], departmentId: department, assigneeId: assignee };
    case "closed":
      return { states: ["CHAT_STATE_CLOSED"], departmentId: department, assigneeId: assignee };
  }
}
