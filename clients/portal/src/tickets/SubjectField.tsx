/** What a ticket is about, changed where it stands. What was typed is kept until it is saved or given up. */
import type { Ticket } from "@rapport/client";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { useDraft } from "@/session/drafts";
import { Field, Pen, SaveOrLeave, Textarea } from "@/ui";
import { useUpdateTicket } from "./useUpdateTicket";

const LONGEST = 200;

export interface SubjectFieldProps {
  readonly ticket: Ticket;
  readonly isFixed: boolean;
}

export function SubjectField({ ticket, isFixed }: SubjectFieldProps) {
  const { t } = useTranslation();
  const [isEdited, setEdited] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  if (isEdited && !isFixed) {
    const done = () => {
      setEdited(false);
      requestAnimationFrame(() => opener.current?.focus());
    };
    return <Edit ticket={ticket} onDone={done} />;
  }
  const look = "mb-2 text-base font-semibold break-words";
  if (isFixed) return <p className={look}>{ticket.subject}</p>;
  return (
    <button
      ref={opener}
      type="button"
      aria-label={t("customers.change", { what: t("tickets.subject"), value: ticket.subject })}
      onClick={() => setEdited(true)}
      className={`group relative -mx-2 rounded-md px-2 py-1 text-left hover:bg-hover ${look}`}
    >
      {ticket.subject}
      <Pen />
    </button>
  );
}

function Edit({ ticket, onDone }: { readonly ticket: Ticket; readonly onDone: () => void }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useDraft(`subject:${ticket.ticketId}`);
  const text = draft || ticket.subject;
  const [typed, setTyped] = useState(text);
  // What somebody else saves meanwhile is asked about, not written over.
  const [revision, setRevision] = useState(ticket.revision);
  const update = useUpdateTicket(ticket.ticketId);
  const subject = typed.trim();
  const leave = () => {
    setDraft("");
    onDone();
  };
  const save = (event?: FormEvent) => {
    event?.preventDefault();
    if (update.isPending || subject === "") return;
    if (subject === ticket.subject) return leave();
    update.mutate({ subject, ifRevision: revision }, { onSuccess: leave, onError: () => setRevision(ticket.revision) });
  };
  const failure = update.error ? explain(t, update.error) : undefined;
  return (
    <form onSubmit={save} className="mb-2 flex flex-col gap-2">
      <Field label={t("tickets.subject")} error={failure && (failure.fields.subject ?? failure.text)}>
        <Textarea
          rows={2}
          autoFocus
          required
          maxLength={LONGEST}
          value={typed}
          onChange={(event) => {
            const next = event.target.value.replace(/\n/g, " ");
            setTyped(next);
            setDraft(next);
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") leave();
            if (event.key === "Enter" && !event.nativeEvent.isComposing) {
              event.preventDefault();
              save();
            }
          }}
        />
      </Field>
      <SaveOrLeave busy={update.isPending} disabled={subject === ""} onLeave={leave} />
    </form>
  );
}
