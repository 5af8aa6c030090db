/** What the visitor has left or asked before, and how it stands; and the conversations that go on beside the one that is looked at. */
import type { Ticket, TicketState } from "@rapport/client/light";
import { isNew, isOpen } from "../model/chats";
import type { Desk } from "../model/desk";
import { type Key, t, timeText } from "../texts/index";
import { Buttons } from "./Bar";
import { Icon } from "./icons";

const STATES: Readonly<Partial<Record<TicketState, Key>>> = {
  TICKET_STATE_OPEN: "stateOpen",
  TICKET_STATE_PENDING: "statePending",
  TICKET_STATE_ON_HOLD: "stateOnHold",
  TICKET_STATE_SOLVED: "stateSolved",
  TICKET_STATE_CLOSED: "stateClosed",
};

export function stateText({ state }: Ticket): string {
  return t(STATES[state] ?? "stateNew");
}

export function TicketsView({ desk }: { readonly desk: Desk }) {
  return (
    <>
      <header class="bar">
        <Back desk={desk} />
        <div class="who">
          <h1 tabIndex={-1}>{t("yourMessages")}</h1>
        </div>
        <Buttons desk={desk} />
      </header>
      <div class="scroll">
        <Matters desk={desk} />
      </div>
    </>
  );
}

export function Back({ desk }: { readonly desk: Desk }) {
  return (
    <button type="button" class="round back" aria-label={t("back")} title={t("back")} onClick={() => desk.back()}>
      <Icon name="back" />
    </button>
  );
}

/** Conversations first, then tickets; the first `most` where that is said. */
export function Matters({ desk, most }: { readonly desk: Desk; readonly most?: number }) {
  const { chats, tickets, settings } = desk;
  const rows = [
    ...chats.others.value.map((chat) => (
      <Matter
        key={chat.chatId}
        title={chat.lastMessage?.text || settings.value?.workspace.name || ""}
        state={isOpen(chat) ? chat.assignee?.name || t("stateNew") : t("stateClosed")}
        at={chat.lastMessage?.sentAt ?? chat.createdAt ?? ""}
        isNew={isNew(chat)}
        onPress={() => desk.showChat(chat.chatId)}
      />
    )),
    ...tickets.all.value.map((ticket) => (
      <Matter
        key={ticket.ticketId}
        title={ticket.subject}
        state={stateText(ticket)}
        at={ticket.updatedAt ?? ""}
        isNew={tickets.seenMarks.isNew(ticket)}
        onPress={() => desk.showTicket(ticket.ticketId)}
      />
    )),
  ];
  return (
    <ul class="matters" aria-label={t("yourMessages")}>
      {rows.slice(0, most)}
    </ul>
  );
}

interface MatterProps {
  readonly title: string;
  readonly state: string;
  readonly at: string;
  readonly isNew: boolean;
  readonly onPress: () => void;
}

function Matter({ title, state, at, isNew, onPress }: MatterProps) {
  return (
    <li>
      <button type="button" class="matter" onClick={onPress}>
        <span class="matterText">
          <span class="matterSubject" dir="auto">
            {title}
          </span>
          <span class={isNew ? "quiet news" : "quiet"}>
            {isNew ? t("newAnswer") : state} · {timeText(at)}
          </span>
        </span>
        {isNew && <span class="dot news" aria-hidden="true" />}
        <Icon name="next" />
      </button>
    </li>
  );
}
