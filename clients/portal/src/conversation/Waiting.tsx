/** The place of a conversation that is being read. */
import { useTranslation } from "react-i18next";
import { Skeleton } from "@/ui";

export function Waiting() {
  const { t } = useTranslation();
  return (
    <div
      role="status"
      aria-label={t("ui.loading")}
      className="flex min-h-0 flex-1 flex-col justify-end gap-4 overflow-hidden p-4"
    >
      <Skeleton className="h-14 w-3/5 rounded-xl" />
      <Skeleton className="h-10 w-2/5 self-end rounded-xl" />
      <Skeleton className="h-20 w-1/2 rounded-xl" />
      <Skeleton className="h-10 w-1/3 self-end rounded-xl" />
    </div>
  );
}
