/** A form of settings: its fields, what went wrong with it, and the buttons that keep or drop what was changed. */
import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button, Notice } from "@/ui";
import type { Edit } from "./useEdit";

export interface EditFormProps<T extends object> {
  readonly edit: Edit<T>;
  /** Whether the reader may change it; otherwise the fields are shown and cannot be changed. */
  readonly mayChange: boolean;
  readonly submitLabel?: string | undefined;
  readonly children: ReactNode;
}

export function EditForm<T extends object>({ edit, mayChange, submitLabel, children }: EditFormProps<T>) {
  const { t } = useTranslation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (edit.isChanged && !edit.isSaving) edit.save();
  };
  return (
    <form onSubmit={submit}>
      <fieldset disabled={!mayChange} className="flex min-w-0 flex-col gap-5">
        {!mayChange && <Notice>{t("settings.readOnly")}</Notice>}
        {children}
        {edit.failure && <Notice tone="bad">{edit.failure.text}</Notice>}
        {mayChange && (
          <div className="flex gap-2">
            <Button type="submit" look="primary" disabled={!edit.isChanged} busy={edit.isSaving}>
              {submitLabel ?? t("ui.save")}
            </Button>
            {edit.isChanged && !edit.isSaving && (
              <Button look="ghost" onClick={edit.reset}>
                {t("ui.discard")}
              </Button>
            )}
          </div>
        )}
      </fieldset>
    </form>
  );
}
