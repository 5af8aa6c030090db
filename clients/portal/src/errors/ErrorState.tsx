/** Something could not be read: why, and the way to try again. */
import { CloudOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, EmptyState } from "@/ui";
import { explain } from "./explain";

export interface ErrorStateProps {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  /** Where it is the whole page. */
  readonly whole?: boolean | undefined;
}

export function ErrorState({ error, onRetry, whole }: ErrorStateProps) {
  const { t } = useTranslation();
  const { text, quote } = explain(t, error);
  return (
    <div role="alert" className="h-full">
      <EmptyState
        whole={whole}
        icon={<CloudOff />}
        title={t("errors.title")}
        text={quote ? `${text} ${t("errors.quote", { id: quote })}` : text}
        action={onRetry && <Button onClick={onRetry}>{t("ui.tryAgain")}</Button>}
      />
    </div>
  );
}
