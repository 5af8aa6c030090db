/** What happened, said briefly at the edge of the page. A failure stays until it is put away. */
import { CircleAlert, CircleCheck, X } from "lucide-react";
import { Toast as Radix } from "radix-ui";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { closeToast, useToasts } from "./toast";

export function Toasts() {
  const { t } = useTranslation();
  const toasts = useToasts();
  return (
    <Radix.Provider swipeDirection="right" label={t("ui.notification")}>
      {toasts.map(({ id, text, tone, action }) => (
        <Radix.Root
          key={id}
          duration={tone === "bad" ? Number.POSITIVE_INFINITY : 5000}
          type={tone === "bad" ? "foreground" : "background"}
          onOpenChange={(open) => !open && closeToast(id)}
          className="flex animate-appear items-start gap-2 rounded-lg bg-raised p-2 pl-3 text-sm text-ink shadow-raised"
        >
          {tone === "bad" ? (
            <CircleAlert aria-hidden="true" className="mt-1.5 size-4 shrink-0 text-bad" />
          ) : (
            <CircleCheck aria-hidden="true" className="mt-1.5 size-4 shrink-0 text-good" />
          )}
          <Radix.Description className="min-w-0 flex-1 py-1.5">{text}</Radix.Description>
          {action && (
            <Radix.Action
              altText={action.label}
              onClick={action.run}
              className="h-8 rounded-md px-2 font-medium text-accent-ink hover:bg-hover"
            >
              {action.label}
            </Radix.Action>
          )}
          <Radix.Close asChild>
            <IconButton label={t("ui.close")}>
              <X />
            </IconButton>
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="fixed right-0 bottom-14 z-50 flex w-88 max-w-full flex-col gap-2 p-4 outline-none md:bottom-0" />
    </Radix.Provider>
  );
}
