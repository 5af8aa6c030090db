/** What can be done with a chat, at its head. */
import type { Chat } from "@rapport/client";
import { CircleCheck, Ellipsis } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Behind, later } from "@/app/later";
import { useDesk } from "@/live/desk";
import { Button, IconButton } from "@/ui";
import type { Question } from "./Conversation";

const More = later(async () => (await import("./More")).More);

export interface ActionsProps {
  readonly chat: Chat;
  readonly ask: (question: Question) => void;
}

export function Actions({ chat, ask }: ActionsProps) {
  const { t } = useTranslation();
  const { mayWork } = useDesk();
  return (
    <>
      {mayWork && chat.state === "CHAT_STATE_ACTIVE" && (
        <Button icon={<CircleCheck />} className="max-md:hidden" onClick={() => ask("close")}>
          {t("conversation.close")}
        </Button>
      )}
      <Behind
        button={(open) => (
          <IconButton label={t("conversation.more")} onClick={open}>
            <Ellipsis />
          </IconButton>
        )}
        part={(isWanted) => <More chat={chat} ask={ask} defaultOpen={isWanted} />}
      />
    </>
  );
}
