/** Makes a ticket: from a chat for its customer, or for somebody new. */
import { type Chat, type CreateTicketRequest, type TicketPriority, uuid } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { useDesk } from "@/live/desk";
import { customerName } from "@/live/names";
import { useDraft } from "@/session/drafts";
import { Button, Dialog, Field, Input, Notice, Select, Textarea } from "@/ui";
import { PriorityIcon } from "./StateBadge";
import { PRIORITIES } from "./words";

export interface NewTicketDialogProps {
  readonly chat?: Chat | undefined;
  readonly onClose: () => void;
}

export function NewTicketDialog({ chat, onClose }: NewTicketDialogProps) {
  const { t } = useTranslation();
  const { client, world } = useDesk();
  const navigate = useNavigate();
  const place = `ticket:${chat?.chatId ?? "new"}`;
  const [subject, setSubject] = useDraft(`${place}:subject`);
  const [text, setText] = useDraft(`${place}:text`);
  const [name, setName] = useDraft(`${place}:name`);
  const [email, setEmail] = useDraft(`${place}:email`);
  const [priority, setPriority] = useState<TicketPriority>("TICKET_PRIORITY_NORMAL");
  const [isIncomplete, setIncomplete] = useState(false);
  // Pressed again after an answer was lost, the same form is the same ticket.
  const asked = useRef({ form: "", requestId: "" });
  const create = useMutation({
    mutationFn(request: CreateTicketRequest) {
      const form = JSON.stringify(request);
      if (asked.current.form !== form) asked.current = { form, requestId: uuid() };
      return client.tickets.createTicket({ ...request, requestId: asked.current.requestId });
    },
    onSuccess({ ticket }) {
      for (const clear of [setSubject, setText, setName, setEmail]) clear("");
      onClose();
      if (!ticket) return;
      world.tickets.put(ticket);
      void navigate({ to: "/tickets/$ticketId", params: { ticketId: ticket.ticketId } });
    },
  });
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const isComplete = subject.trim() !== "" && text.trim() !== "" && Boolean(chat || name.trim() || email.trim());
    setIncomplete(!isComplete);
    if (!isComplete || create.isPending) return;
    const whom = chat ? { chatId: chat.chatId } : { name: name.trim(), email: email.trim() };
    create.mutate({ subject: subject.trim(), text: text.trim(), priority, ...whom });
  };
  const explained = create.error ? explain(t, create.error) : undefined;
  const missing = (value: string) => (isIncomplete && value.trim() === "" ? t("tickets.required") : undefined);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t("tickets.new")}
      description={chat ? t("tickets.newFor", { name: customerName(t, chat.customer) }) : undefined}
      actions={
        <>
          <Button look="primary" busy={create.isPending} onClick={() => submit()}>
            {t("tickets.create")}
          </Button>
          <Button onClick={onClose}>{t("live.cancel")}</Button>
        </>
      }
    >
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        {explained && <Notice tone="bad">{explained.text}</Notice>}
        {!chat && (
          <div className="grid gap-4 md:grid-cols-2">
            <Field
              label={t("customers.name")}
              error={isIncomplete && !name.trim() && !email.trim() ? t("tickets.whoRequired") : explained?.fields.name}
            >
              <Input value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
            </Field>
            <Field label={t("customers.email")} error={explained?.fields.email}>
              <Input type="email" value={email} maxLength={254} onChange={(event) => setEmail(event.target.value)} />
            </Field>
          </div>
        )}
        <Field label={t("tickets.subject")} error={missing(subject) ?? explained?.fields.subject}>
          <Input value={subject} maxLength={200} autoFocus={Boolean(chat)} onChange={(event) => setSubject(event.target.value)} />
        </Field>
        <Field label={t("tickets.text")} hint={t("tickets.textHint")} error={missing(text) ?? explained?.fields.text}>
          <Textarea rows={5} value={text} maxLength={10_000} onChange={(event) => setText(event.target.value)} />
        </Field>
        <Field label={t("tickets.priorityLabel")}>
          <Select<TicketPriority>
            value={priority}
            onChange={setPriority}
            choices={PRIORITIES.map((value) => ({
              value,
              label: t(`tickets.priority.${value}`),
              icon: <PriorityIcon priority={value} />,
            }))}
          />
        </Field>
      </form>
    </Dialog>
  );
}
