/** The other chats of a customer, and their tickets. */
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Later, later } from "@/app/later";
import { explain } from "@/errors/explain";
import { Ago } from "@/live/Ago";
import { useDesk } from "@/live/desk";
import { type List, useChatList, useKnownChat, useKnownTicket, useLatest, useTicketList } from "@/live/hooks";
import { StateBadge } from "@/tickets/StateBadge";
import { Badge, Button, cx, IconButton, Skeleton } from "@/ui";

const NewTicketDialog = later(async () => (await import("@/tickets/NewTicketDialog")).NewTicketDialog);

/** As many are shown until all are asked for. */
const FEW = 5;

export interface PastProps {
  readonly visitorId: string;
  readonly chatId?: string | undefined;
}

export function Past({ visitorId, chatId }: PastProps) {
  const { t } = useTranslation();
  const { mayWork } = useDesk();
  const chat = useKnownChat(chatId ?? "");
  const chats = useChatList({ visitorId });
  const tickets = useTicketList({ visitorId });
  const [isTicket, setTicket] = useState(false);
  return (
    <>
      <Part title={t("customers.chats")} list={chats} none={t("customers.noChats")}>
        {(id) => <PastChat key={id} chatId={id} isOpen={id === chatId} />}
      </Part>
      <Part
        title={t("customers.tickets")}
        list={tickets}
        none={t("customers.noTickets")}
        action={
          mayWork &&
          chat && (
            <IconButton size="sm" label={t("tickets.new")} onClick={() => setTicket(true)}>
              <Plus />
            </IconButton>
          )
        }
      >
        {(id) => <PastTicket key={id} ticketId={id} />}
      </Part>
      <Later>{isTicket && <NewTicketDialog chat={chat} onClose={() => setTicket(false)} />}</Later>
    </>
  );
}

interface PartProps {
  readonly title: string;
  readonly list: List;
  readonly none: string;
  readonly action?: React.ReactNode;
  readonly children: (id: string) => React.ReactNode;
}

function Part({ title, list, none, action, children }: PartProps) {
  const { t } = useTranslation();
  const [isAll, setAll] = useState(false);
  const { ids, isBegun, isComplete } = list.view;
  const shown = isAll ? ids : ids.slice(0, FEW);
  const hasMore = isAll ? !isComplete : ids.length > FEW || !isComplete;
  const more = () => {
    if (isAll) list.more();
    setAll(true);
  };
  return (
    <section aria-label={title} className="border-t py-2">
      <div className="flex h-8 items-center px-4">
        <h2 className="flex-1 text-sm font-medium">
          {title}{" "}
          {isBegun && ids.length > 0 && (
            <span className="font-normal text-ink-3">{isComplete ? ids.length : `${ids.length}+`}</span>
          )}
        </h2>
        {action}
      </div>
      {list.error ? (
        <p className="flex items-center gap-2 px-4 py-1 text-sm text-bad">
          <span className="flex-1">{explain(t, list.error).text}</span>
          <Button size="sm" onClick={list.retry}>
            {t("ui.tryAgain")}
          </Button>
        </p>
      ) : !isBegun ? (
        <Skeleton className="mx-4 my-2 h-3.5 w-3/5" />
      ) : ids.length === 0 ? (
        <p className="px-4 py-1 text-sm text-ink-3">{none}</p>
      ) : (
        <ul>{shown.map(children)}</ul>
      )}
      {isBegun && ids.length > 0 && hasMore && (
        <Button size="sm" look="ghost" className="mx-2" busy={list.isReading} onClick={more}>
          {t("customers.more")}
        </Button>
      )}
    </section>
  );
}

const LINE = "flex h-9 items-center gap-2 px-4 text-sm -outline-offset-2 hover:bg-hover";
const TONES = {
  CHAT_STATE_WAITING: "warn",
  CHAT_STATE_ACTIVE: "good",
  CHAT_STATE_CLOSED: "neutral",
  CHAT_STATE_UNSPECIFIED: "neutral",
} as const;

function PastChat({ chatId, isOpen }: { readonly chatId: string; readonly isOpen: boolean }) {
  const { t } = useTranslation();
  const chat = useKnownChat(chatId);
  const latest = useLatest(chatId);
  if (!chat) return null;
  return (
    <li>
      <Link
        to="/inbox/$chatId"
        params={{ chatId }}
        preload={false}
        aria-current={isOpen ? "true" : undefined}
        className={cx(LINE, isOpen && "bg-selected")}
      >
        <Badge tone={TONES[chat.state as keyof typeof TONES] ?? "neutral"}>{t(`conversation.state.${chat.state}`)}</Badge>
        <span className="min-w-0 flex-1 truncate text-ink-2">{latest?.text ?? chat.assignee?.name ?? ""}</span>
        <Ago at={chat.createdAt ?? ""} className="shrink-0 text-xs text-ink-3" />
      </Link>
    </li>
  );
}

function PastTicket({ ticketId }: { readonly ticketId: string }) {
  const ticket = useKnownTicket(ticketId);
  if (!ticket) return null;
  return (
    <li>
      <Link to="/tickets/$ticketId" params={{ ticketId }} preload={false} className={LINE}>
        <StateBadge state={ticket.state} />
        <span className="min-w-0 flex-1 truncate text-ink-2">{ticket.subject}</span>
        <span className="shrink-0 text-xs text-ink-3">#{ticket.number}</span>
      </Link>
    </li>
  );
}
