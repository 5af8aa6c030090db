/** A form in a dialog. Leaving it with something typed asks for nothing and loses nothing: it is there when it is opened again. */
import type { FormEvent, ReactNode } from "react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Explained } from "@/errors/explain";
import { Button, Dialog, Notice } from "@/ui";

export interface FormDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly description?: string | undefined;
  readonly submitLabel: string;
  readonly busy: boolean;
  readonly disabled?: boolean | undefined;
  readonly failure: Explained | undefined;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}

export function FormDialog(props: FormDialogProps) {
  const { t } = useTranslation();
  const form = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (!props.busy && !props.disabled) props.onSubmit();
  };
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      description={props.description}
      actions={
        <>
          <Button type="submit" form={form} look="primary" busy={props.busy} disabled={props.disabled ?? false}>
            {props.submitLabel}
          </Button>
          <Button look="ghost" onClick={props.onClose}>
            {t("ui.cancel")}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="flex flex-col gap-4">
        {props.failure && <Notice tone="bad">{props.failure.text}</Notice>}
        {props.children}
      </form>
    </Dialog>
  );
}
