/** Says a failure in a toast, for what has no form to say it in. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "@/ui";
import { explain } from "./explain";

export function useSay(): (error: unknown, retry?: () => void) => void {
  const { t } = useTranslation();
  return useCallback(
    (error, retry) => {
      const { text, again } = explain(t, error);
      toast({ text, tone: "bad", action: again && retry ? { label: t("ui.tryAgain"), run: retry } : undefined });
    },
    [t],
  );
}
