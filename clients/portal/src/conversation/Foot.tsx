/** The bottom of a conversation: where one writes, or why one cannot. */
import { asError, type Chat } from "@rapport/client";
import { Hand } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useDesk } from "@/live/desk";
import { Button } from "@/ui";
import { Composer } from "./Composer";
import { draftKey } from "./draft";
import type { Claim } from "./useClaim";
import type { Put } from "./usePut";
import { useTypingOut } from "./useTypingOut";

/** Of a message, in characters. */
const LONGEST = 8_000;

export function Foot({ chat, claim }: { readonly chat: Chat; readonly claim: Claim }) {
  const { t } = useTranslation();
  const { client, me, mayWork } = useDesk();
  const { chatId } = chat;
  const typing = useTypingOut(chatId);
  if (!mayWork) return <Line>{t("conversation.lookOnly")}</Line>;
  if (chat.state === "CHAT_STATE_CLOSED") return <Line>{t("conversation.isClosed")}</Line>;
  const isMine = chat.assignee?.memberId === me.memberId;
  const isWaiting = chat.state === "CHAT_STATE_WAITING";
  /** Who answers a chat that waits has it from then on. */
  const send: Put = async (text, internal, requestId) => {
    if (isWaiting && !internal) await claim.mutateAsync(true).catch(laterWhereAway);
    return client.queue.send({ chatId, text, internal, requestId });
  };
  return (
    <footer className="shrink-0 px-4 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
      {isWaiting ? (
        <div className="mb-2 flex items-center gap-3 rounded-lg bg-accent-soft py-1.5 pr-1.5 pl-3 text-sm text-accent-ink">
          <span className="min-w-0 flex-1">{t("conversation.claimFirst")}</span>
          <Button size="sm" look="primary" icon={<Hand />} busy={claim.isPending} onClick={() => claim.mutate(false)}>
            {t("conversation.claim")}
          </Button>
        </div>
      ) : (
        !isMine && (
          <p className="mb-1.5 px-1 text-xs text-ink-3">{t("conversation.notYours", { name: chat.assignee?.name ?? "" })}</p>
        )
      )}
      <Composer draft={draftKey(chatId)} longest={LONGEST} typing={typing} send={send} />
    </footer>
  );
}

/** Without a network the answer goes out when there is one; what the server refuses is refused. */
function laterWhereAway(thrown: unknown): void {
  if (asError(thrown).status !== 0) throw thrown;
}

function Line({ children }: { readonly children: string }) {
  return <p className="shrink-0 border-t px-4 py-3.5 text-center text-sm text-ink-3">{children}</p>;
}
