/** The form before a chat, and the one that leaves a message where nobody is there: what the workspace wants to know, and the message. */
import { useRef, useState } from "preact/hooks";
import type { Desk, Form } from "../model/desk";
import { faultText } from "../model/faults";
import { missing, type Needs } from "../model/form";
import { type Key, t } from "../texts/index";
import { Hero } from "./Bar";
import { Field } from "./Field";
import { Notice } from "./Notice";
import { Matters } from "./TicketsView";

/** As many of the earlier messages stand before the form. */
const FEW = 2;

export function FormView({ desk, isTicket }: { readonly desk: Desk; readonly isTicket: boolean }) {
  const [faults, setFaults] = useState<ReadonlyMap<keyof Form, Key>>(new Map());
  const form = useRef<HTMLFormElement>(null);
  const settings = desk.settings.value;
  if (!settings) return null;
  const { widget, departments } = settings;
  const draft = desk.drafts.now;
  // Whom nobody can answer here must be reached by e-mail.
  const needs: Needs = { name: widget.askName, email: widget.askEmail || isTicket };
  const asksDepartment = widget.askDepartment && departments.length > 0;
  const isSending = desk.conversation.isStarting.value;
  const fault = (field: keyof Form) => {
    const key = faults.get(field);
    return key && t(key);
  };
  const change = (field: keyof Form) => (event: { currentTarget: { value: string } }) => {
    desk.drafts.change({ [field]: event.currentTarget.value });
    if (faults.has(field)) setFaults(new Map([...faults].filter(([name]) => name !== field)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const { name, email, departmentId, text } = desk.drafts.now;
    const found = missing({ name, email, departmentId, text }, needs);
    setFaults(found);
    const [first] = found.keys();
    if (first) return void (form.current?.elements.namedItem(first) as HTMLElement | null)?.focus();
    const filled = {
      name: needs.name ? name.trim() : "",
      email: needs.email ? email.trim() : "",
      departmentId: asksDepartment && departments.some((each) => each.departmentId === departmentId) ? departmentId : "",
      text,
    };
    void (isTicket ? desk.leaveMessage(filled) : desk.start(filled));
  };
  const refusal = desk.refusal.value;
  const past = desk.besides.value;

  return (
    <div class="scroll">
      {isTicket ? (
        <Hero desk={desk} title={t("awayTitle")} line={widget.offlineMessage || t("awayLine")} />
      ) : (
        <Hero desk={desk} title={widget.greeting || t("hello")} line={t("helloLine")} />
      )}
      {past > 0 && (
        <section class="card past">
          <h2>{t("yourMessages")}</h2>
          <Matters desk={desk} most={FEW} />
          {past > FEW && (
            <button type="button" class="link" onClick={() => desk.listTickets()}>
              {t("allMessages", { count: past })}
            </button>
          )}
        </section>
      )}
      <form class="card" ref={form} noValidate onSubmit={submit}>
        {needs.name && (
          <Field label={t("name")} fault={fault("name")}>
            {(bound) => (
              <input
                {...bound}
                name="name"
                required
                autocomplete="name"
                maxLength={100}
                value={draft.name}
                onInput={change("name")}
                dir={draft.name ? "auto" : undefined}
              />
            )}
          </Field>
        )}
        {needs.email && (
          <Field label={t("email")} fault={fault("email")}>
            {(bound) => (
              <input
                {...bound}
                name="email"
                required
                type="email"
                inputMode="email"
                autocomplete="email"
                maxLength={254}
                value={draft.email}
                onInput={change("email")}
                dir="ltr"
              />
            )}
          </Field>
        )}
        {asksDepartment && (
          <Field label={t("department")} isOptional>
            {(bound) => (
              <select {...bound} name="departmentId" value={draft.departmentId} onChange={change("departmentId")}>
                <option value="">{t("anyDepartment")}</option>
                {departments.map(({ departmentId, name }) => (
                  <option key={departmentId} value={departmentId}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Field label={t("message")} fault={fault("text")}>
          {(bound) => (
            <textarea
              {...bound}
              name="text"
              required
              rows={3}
              placeholder={t("messageHint")}
              value={draft.text}
              onInput={change("text")}
              dir={draft.text ? "auto" : undefined}
            />
          )}
        </Field>
        {refusal && <Notice kind="fault" text={t(faultText(refusal))} />}
        <button type="submit" class="primary" disabled={isSending}>
          {t(isTicket ? "sendTicket" : "startChat")}
        </button>
      </form>
    </div>
  );
}
