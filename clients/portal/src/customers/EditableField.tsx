/** Something that is known of a customer, changed where it stands. */
import { asError, type UpdateCustomerRequest } from "@rapport/client";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { useDraft } from "@/session/drafts";
import { cx, Field, Input, Pen, SaveOrLeave, Textarea } from "@/ui";
import { customerQuery, useUpdateCustomer } from "./customer";

const LONGEST = { name: 100, email: 254, note: 4_000 };

export interface EditableFieldProps {
  readonly customer: {
    readonly visitorId: string;
    readonly revision: number;
    readonly name: string;
    readonly email: string;
    readonly note: string;
  };
  readonly field: keyof typeof LONGEST;
  readonly mayChange: boolean;
}

export function EditableField({ customer, field, mayChange }: EditableFieldProps) {
  const { t } = useTranslation();
  const [isEdited, setEdited] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const value = customer[field];
  const done = () => {
    setEdited(false);
    requestAnimationFrame(() => opener.current?.focus());
  };
  if (isEdited) return <Edit customer={customer} field={field} onDone={done} />;
  const isLong = field === "note";
  return (
    <div className={cx("flex min-h-8 gap-x-3 py-1", isLong ? "mt-1 flex-col" : "items-center")}>
      <dt className="w-24 shrink-0 py-1 text-ink-3">{t(`customers.${field}`)}</dt>
      <dd className="flex min-w-0 flex-1 items-start">
        {mayChange ? (
          <button
            ref={opener}
            type="button"
            aria-label={t("customers.change", { what: t(`customers.${field}`), value: value || t(`customers.no.${field}`) })}
            onClick={() => setEdited(true)}
            className={cx(
              "group relative -mx-2 flex min-w-0 flex-1 items-center rounded-md px-2 py-1 text-left hover:bg-hover",
              isLong && "min-h-9 items-start border border-note-line bg-note py-2",
              !value && "text-ink-3",
            )}
          >
            <span className={cx("min-w-0 flex-1", isLong ? "break-words whitespace-pre-wrap" : "truncate")}>
              {value || t(`customers.no.${field}`)}
            </span>
            <Pen />
          </button>
        ) : (
          <span className={cx("min-w-0 flex-1", isLong ? "break-words whitespace-pre-wrap" : "truncate")}>{value || "—"}</span>
        )}
      </dd>
    </div>
  );
}

function Edit({ customer, field, onDone }: Omit<EditableFieldProps, "mayChange"> & { readonly onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [draft, setDraft] = useDraft(`customer:${customer.visitorId}:${field}`);
  const [text, setText] = useState(draft || customer[field]);
  const update = useUpdateCustomer(customer.visitorId);
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useEffect(() => input.current?.focus(), []);
  const leave = () => {
    setDraft("");
    onDone();
  };
  const save = (event?: FormEvent) => {
    event?.preventDefault();
    if (update.isPending) return;
    if (text.trim() === customer[field]) return leave();
    const change: Partial<UpdateCustomerRequest> = { [field]: text.trim(), ifRevision: customer.revision };
    update.mutate(change, {
      onSuccess: leave,
      onError(error) {
        // Somebody else has changed it: what they wrote is shown beside what is written here.
        if (asError(error).reason === "REVISION_MISMATCH") void queries.invalidateQueries(customerQuery(customer.visitorId));
      },
    });
  };
  const shared = {
    ref: input,
    value: text,
    maxLength: LONGEST[field],
    onChange(event: { readonly target: { readonly value: string } }) {
      setText(event.target.value);
      setDraft(event.target.value);
    },
    onKeyDown(event: React.KeyboardEvent) {
      if (event.key === "Escape") leave();
      if (field === "note" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    },
  };
  const explained = update.error ? explain(t, update.error) : undefined;
  return (
    <form onSubmit={save} className="flex flex-col gap-2 py-2">
      <Field label={t(`customers.${field}`)} error={explained && (explained.fields[field] ?? explained.text)}>
        {field === "note" ? <Textarea rows={4} {...shared} /> : <Input type={field === "email" ? "email" : "text"} {...shared} />}
      </Field>
      <SaveOrLeave busy={update.isPending} onLeave={leave} />
    </form>
  );
}
