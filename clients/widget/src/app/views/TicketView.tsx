/** One ticket: what was said about it, and where the visitor answers. */
import type { Desk } from "../model/desk";
import { faultText } from "../model/faults";
import { LONGEST_COMMENT } from "../model/form";
import { t } from "../texts/index";
import { Buttons } from "./Bar";
import { Ended } from "./Chat";
import { Composer } from "./Composer";
import { LineNotice, Refusal } from "./Lines";
import { Messages } from "./Messages";
import { Notice } from "./Notice";
import { Back, stateText } from "./TicketsView";

export function TicketView({ desk }: { readonly desk: Desk }) {
  const { tickets, drafts } = desk;
  const ticket = tickets.open.value;
  if (!ticket) return null;
  const { ticketId, number, state, subject } = ticket;
  const fault = tickets.fault.value;
  return (
    <>
      <header class="bar">
        <Back desk={desk} />
        <div class="who">
          <h1 tabIndex={-1} dir="auto">
            {subject}
          </h1>
          <p class="presence">
            {t("ticketShort", { number: String(number) })} · {stateText(ticket)}
          </p>
        </div>
        <Buttons desk={desk} />
      </header>
      <LineNotice desk={desk} />
      <Messages desk={desk} thread={tickets}>
        {fault && (
          <div class="between">
            <Notice kind="fault" text={t(faultText(fault))} />
            <button type="button" class="link" onClick={() => tickets.show(ticketId)}>
              {t("tryAgain")}
            </button>
          </div>
        )}
        {state === "TICKET_STATE_SOLVED" && <p class="between">{t("solvedNote")}</p>}
      </Messages>
      <Refusal desk={desk} />
      {tickets.isClosed.value ? (
        <Ended desk={desk} text={t("ticketClosed")} button={t("ticketAnother")} onPress={() => desk.leaveTickets()} />
      ) : (
        <Composer
          key={ticketId}
          desk={desk}
          text={drafts.answer(ticketId)}
          change={(text) => drafts.changeAnswer(ticketId, text)}
          send={(text) => desk.answer(text)}
          longest={LONGEST_COMMENT}
          isReady
        />
      )}
    </>
  );
}
