/** Whose chat it is: who they are, what the staff keeps in mind of them, and what was before. */
import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { PaneHeader } from "@/app/Panes";
import { useChat } from "@/live/hooks";
import { IconButton, SkeletonRows } from "@/ui";
import { CustomerView } from "./CustomerView";

export function CustomerPanel({ chatId, onClose }: { readonly chatId: string; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { chat, error } = useChat(chatId);
  return (
    <>
      <PaneHeader title={<span className="text-ink-2">{t("customers.title")}</span>} onBack={onClose}>
        <IconButton label={t("ui.close")} className="max-md:hidden xl:hidden" onClick={onClose}>
          <X />
        </IconButton>
      </PaneHeader>
      {chat?.customer ? (
        <CustomerView visitorId={chat.customer.visitorId} known={chat.customer} chatId={chatId} />
      ) : (
        !error && <SkeletonRows rows={3} label={t("ui.loading")} />
      )}
    </>
  );
}
