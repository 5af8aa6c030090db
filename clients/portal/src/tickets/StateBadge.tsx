import type { TicketPriority, TicketState } from "@rapport/client";
import { ChevronsDown, ChevronsUp, ChevronUp, Equal } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Badge, cx } from "@/ui";
import { TONES } from "./words";

export function StateBadge({ state }: { readonly state: TicketState }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[state]}>{t(`tickets.state.${state}`)}</Badge>;
}

const ICONS = {
  TICKET_PRIORITY_LOW: ChevronsDown,
  TICKET_PRIORITY_NORMAL: Equal,
  TICKET_PRIORITY_HIGH: ChevronUp,
  TICKET_PRIORITY_URGENT: ChevronsUp,
} as const;

/** A shape as well as a colour. */
export function PriorityIcon({ priority }: { readonly priority: TicketPriority }) {
  const Icon = ICONS[priority as keyof typeof ICONS] ?? Equal;
  const isHot = priority === "TICKET_PRIORITY_URGENT";
  return (
    <Icon
      aria-hidden="true"
      className={cx("size-4 shrink-0", isHot ? "text-bad" : priority === "TICKET_PRIORITY_HIGH" ? "text-warn" : "text-ink-3")}
    />
  );
}
