/** A question or a form over the page. On a phone it comes from below. Focus stays in it and goes back where it was. */
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { cx } from "./cx";

export interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly description?: string | undefined;
  readonly wide?: boolean | undefined;
  /** Whether it may be left without an answer. */
  readonly closable?: boolean | undefined;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

export function Dialog({ open, onClose, title, description, wide, closable = true, children, actions }: DialogProps) {
  const { t } = useTranslation();
  const hold = closable ? {} : { onEscapeKeyDown: prevent, onPointerDownOutside: prevent, onInteractOutside: prevent };
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && closable && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-dim bg-scrim" />
        <Radix.Content
          {...hold}
          onOpenAutoFocus={focusFirst}
          {...(description ? {} : { "aria-describedby": undefined })}
          className={cx(
            "fixed inset-x-0 bottom-0 z-40 flex max-h-[92dvh] animate-appear flex-col rounded-t-xl bg-raised shadow-raised outline-none",
            "md:inset-auto md:top-[12dvh] md:left-1/2 md:max-h-[80dvh] md:-translate-x-1/2 md:rounded-xl",
            wide ? "md:w-160" : "md:w-112",
          )}
        >
          <header className="flex items-start gap-4 px-5 pt-4">
            <div className="min-w-0 flex-1 py-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-1 text-base text-ink-2">{description}</Radix.Description>}
            </div>
            {closable && (
              <Radix.Close asChild>
                <IconButton label={t("ui.close")} keys="escape" className="-mr-2">
                  <X />
                </IconButton>
              </Radix.Close>
            )}
          </header>
          {children && <div className="min-h-0 overflow-y-auto px-5 py-4">{children}</div>}
          {actions && (
            <footer className="flex flex-row-reverse gap-2 px-5 pt-2 pb-[max(1.25rem,env(safe-area-inset-bottom))]">
              {actions}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What is to be filled in has the focus first, or the dialog itself; not the button that closes it. */
function focusFirst(event: Event) {
  event.preventDefault();
  const dialog = event.currentTarget as HTMLElement;
  const control = dialog.querySelector<HTMLElement>("input:not([readonly]):not([hidden]), textarea, [role=combobox]");
  (control ?? dialog).focus();
}

function prevent(event: { preventDefault(): void }) {
  event.preventDefault();
}
