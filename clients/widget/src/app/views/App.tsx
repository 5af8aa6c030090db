/** The panel: one of a few views, and the keys that belong to all of them. */
import { useEffect, useRef } from "preact/hooks";
import type { Desk } from "../model/desk";
import { faultText } from "../model/faults";
import { t } from "../texts/index";
import { Buttons } from "./Bar";
import { Chat } from "./Chat";
import { FormView } from "./FormView";
import { Notice } from "./Notice";
import { Thanks } from "./Thanks";
import { TicketsView } from "./TicketsView";
import { TicketView } from "./TicketView";

const FOCUSABLE = "button:not(:disabled), a[href], input, select, textarea, [tabindex='0']";

export function App({ desk }: { readonly desk: Desk }) {
  const main = useRef<HTMLElement>(null);
  const view = desk.view.value;
  const { open, sheet } = desk.host.shown.value;

  useEffect(() => {
    if (!open || desk.host.isAlone) return;
    const isTalk = view === "chat" || view === "thread";
    const field = isTalk || sheet ? null : main.current?.querySelector<HTMLElement>("input, textarea");
    if (!isTalk || sheet) (field ?? main.current?.querySelector<HTMLElement>("h1"))?.focus();
  }, [open, sheet, view]);

  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") desk.close();
    else if (event.key === "Tab" && sheet && !desk.host.isAlone) turnRound(event, main.current);
  };
  return (
    <main ref={main} class={`panel ${view}`} onKeyDown={press}>
      {view === "loading" && <Loading desk={desk} />}
      {(view === "start" || view === "ticket") && <FormView key={view} desk={desk} isTicket={view === "ticket"} />}
      {view === "thanks" && <Thanks desk={desk} />}
      {view === "chat" && <Chat desk={desk} />}
      {view === "tickets" && <TicketsView desk={desk} />}
      {view === "thread" && <TicketView desk={desk} />}
    </main>
  );
}

function Loading({ desk }: { readonly desk: Desk }) {
  const fault = desk.fault.value;
  return (
    <>
      <header class="bar">
        <div class="who">
          <h1 tabIndex={-1}>{t("loading")}</h1>
        </div>
        <Buttons desk={desk} />
      </header>
      <div class="scroll pad">{fault && <Notice kind="fault" text={t(faultText(fault))} />}</div>
    </>
  );
}

/** Over the whole page the focus goes round in the panel: what lies behind is not to be reached. */
function turnRound(event: KeyboardEvent, main: HTMLElement | null): void {
  const all = [...(main?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])].filter((each) => each.checkVisibility());
  const [first, last] = [all[0], all.at(-1)];
  const from = event.shiftKey ? first : last;
  const isOut = document.activeElement === from || (event.shiftKey && document.activeElement?.matches("h1, body"));
  if (!isOut) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}
