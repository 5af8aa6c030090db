/** One chat: what was said, and what can be done about it. */
import { Info, MessageSquareOff } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Later, later } from "@/app/later";
import { PaneHeader } from "@/app/Panes";
import { useCommands } from "@/commands/registry";
import { ErrorState } from "@/errors/ErrorState";
import { useDesk } from "@/live/desk";
import { useChat } from "@/live/hooks";
import { customerName } from "@/live/names";
import { useDepartmentName } from "@/live/staff";
import { EmptyState, IconButton, Skeleton } from "@/ui";
import { Actions } from "./Actions";
import { Foot } from "./Foot";
import { MessageList } from "./MessageList";
import { useClaim } from "./useClaim";
import { Waiting } from "./Waiting";

const CloseDialog = later(async () => (await import("./CloseDialog")).CloseDialog);
const NewTicketDialog = later(async () => (await import("@/tickets/NewTicketDialog")).NewTicketDialog);
const TransferDialog = later(async () => (await import("./TransferDialog")).TransferDialog);

export interface ConversationProps {
  readonly chatId: string;
  readonly onBack: () => void;
  readonly onCustomer: () => void;
  readonly onClaimed: () => void;
}

export type Question = "transfer" | "close" | "ticket" | undefined;

export function Conversation({ chatId, onBack, onCustomer, onClaimed }: ConversationProps) {
  const { t } = useTranslation();
  const { mayWork } = useDesk();
  const { chat, error, retry } = useChat(chatId);
  const [question, ask] = useState<Question>();
  const claim = useClaim(chatId, onClaimed);
  const department = useDepartmentName(chat?.departmentId ?? "");
  const state = chat?.state;
  const canClaim = mayWork && state === "CHAT_STATE_WAITING";
  const isOpen = mayWork && state !== undefined && state !== "CHAT_STATE_CLOSED";
  const { mutate: take } = claim;
  const commands = useMemo(() => {
    const group = t("conversation.keys");
    return [
      ...(canClaim ? [{ id: "chat.claim", label: t("conversation.claim"), group, keys: "c", run: () => take(false) }] : []),
      ...(isOpen
        ? [{ id: "chat.transfer", label: t("conversation.transfer"), group, keys: "t", run: () => ask("transfer") }]
        : []),
      ...(isOpen ? [{ id: "chat.close", label: t("conversation.close"), group, keys: "e", run: () => ask("close") }] : []),
    ];
  }, [t, canClaim, isOpen, take]);
  useCommands(commands);

  // A mistyped address is no id at all.
  if (!chat && (error?.reason === "NOT_FOUND" || error?.reason === "FIELD_INVALID"))
    return (
      <>
        <PaneHeader title={t("conversation.goneTitle")} onBack={onBack} />
        <EmptyState icon={<MessageSquareOff />} title={t("conversation.goneTitle")} text={t("conversation.gone")} />
      </>
    );
  if (!chat)
    return (
      <>
        <PaneHeader title={error ? t("errors.title") : <Skeleton className="h-4 w-40" />} onBack={onBack} />
        {error ? <ErrorState error={error} onRetry={retry} /> : <Waiting />}
      </>
    );
  const answered = chat.assignee ? t("conversation.with", { name: chat.assignee.name }) : t("conversation.nobody");
  return (
    <>
      <PaneHeader
        title={customerName(t, chat.customer)}
        subtitle={[t(`conversation.state.${chat.state}`), department, answered].filter(Boolean).join(" · ")}
        onBack={onBack}
      >
        <Actions chat={chat} ask={ask} />
        <IconButton label={t("conversation.customer")} className="xl:hidden" onClick={onCustomer}>
          <Info />
        </IconButton>
      </PaneHeader>
      <MessageList chat={chat} />
      <Foot chat={chat} claim={claim} />
      <Later>
        {question === "transfer" && <TransferDialog chat={chat} onClose={() => ask(undefined)} />}
        {question === "ticket" && <NewTicketDialog chat={chat} onClose={() => ask(undefined)} />}
        {question === "close" && <CloseDialog chat={chat} onClose={() => ask(undefined)} />}
      </Later>
    </>
  );
}
