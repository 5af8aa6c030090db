/** The less frequent things that can be done with a chat. */
import type { Chat } from "@rapport/client";
import { ArrowRightLeft, CircleCheck, Ellipsis, FileText, TicketPlus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useSay } from "@/errors/useSay";
import { useDesk } from "@/live/desk";
import { IconButton, Menu, MenuItem, MenuLine } from "@/ui";
import type { Question } from "./Conversation";

export interface MoreProps {
  readonly chat: Chat;
  readonly ask: (question: Question) => void;
  readonly defaultOpen: boolean;
}

export function More({ chat, ask, defaultOpen }: MoreProps) {
  const { t } = useTranslation();
  const { client, mayWork } = useDesk();
  const say = useSay();
  const isClosed = chat.state === "CHAT_STATE_CLOSED";
  const transcript = async () => {
    const text = await client.chats.getTranscript({ chatId: chat.chatId });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(text);
    link.download = `${chat.chatId}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <Menu
      defaultOpen={defaultOpen}
      trigger={
        <IconButton label={t("conversation.more")}>
          <Ellipsis />
        </IconButton>
      }
    >
      {mayWork && !isClosed && (
        <>
          <MenuItem icon={<ArrowRightLeft />} keys="t" onSelect={() => ask("transfer")}>
            {t("conversation.transfer")}
          </MenuItem>
          <MenuItem icon={<CircleCheck />} keys="e" onSelect={() => ask("close")}>
            {t("conversation.close")}
          </MenuItem>
          <MenuLine />
        </>
      )}
      {mayWork && (
        <MenuItem icon={<TicketPlus />} onSelect={() => ask("ticket")}>
          {t("conversation.ticket")}
        </MenuItem>
      )}
      <MenuItem icon={<FileText />} onSelect={() => void transcript().catch((error: unknown) => say(error))}>
        {t("conversation.transcript")}
      </MenuItem>
    </Menu>
  );
}
