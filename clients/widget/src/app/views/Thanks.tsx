/** After a message was left. */
import type { Desk } from "../model/desk";
import { waitText } from "../model/faults";
import { t } from "../texts/index";
import { Hero } from "./Bar";
import { Icon } from "./icons";

export function Thanks({ desk }: { readonly desk: Desk }) {
  const thanks = desk.thanks.value;
  if (!thanks) return null;
  const { ticket, isKept, fault, email } = thanks;
  const title = ticket ? "ticketSent" : isKept ? "ticketQueued" : "sending";
  const line = ticket
    ? t("ticketSentLine", { email })
    : isKept
      ? t(waitText(fault) === "waiting" ? "ticketQueuedLine" : "ticketQueuedBusy")
      : "";
  return (
    <div class="scroll">
      <Hero desk={desk} title={t("awayTitle")} line="" />
      <section class="card after" aria-live="polite">
        <span class={ticket ? "medal done" : "medal"}>
          <Icon name={ticket ? "check" : "mail"} />
        </span>
        <h2>{t(title)}</h2>
        {line && <p dir="auto">{line}</p>}
        {ticket && <p class="quiet">{t("ticketNumber", { number: String(ticket.number) })}</p>}
        {ticket && (
          <button type="button" class="primary" onClick={() => desk.showTicket(ticket.ticketId)}>
            {t("seeMessage")}
          </button>
        )}
        {ticket && (
          <button type="button" class="secondary" onClick={() => void desk.startNew()}>
            {t("ticketAnother")}
          </button>
        )}
      </section>
    </div>
  );
}
