/** A chat in a list: who, what was said last, when, and how much of it nobody has read. */
import type { Chat, LastMessage } from "@rapport/client";
import type { TFunction } from "i18next";
import { memo, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Ago } from "@/live/Ago";
import { reader } from "@/live/desk";
import { useKnownChat, useLatest, useWriters } from "@/live/hooks";
import { unread } from "@/live/kinds";
import { customerName } from "@/live/names";
import type { RowState } from "@/live/VirtualRows";
import { Avatar, Badge, cx } from "@/ui";

export const ROW_HEIGHT = 68;

/** What all rows have in common: looked up once, for a row is drawn often. */
export interface Around {
  readonly memberId: string;
  readonly departments: ReadonlyMap<string, string>;
}

export interface ChatRowProps extends RowState {
  readonly chatId: string;
  readonly around: Around;
}

export const ChatRow = memo(function ChatRow({ chatId, around, href, isOpen, isMarked, isMoving }: ChatRowProps) {
  const { t } = useTranslation();
  const chat = useKnownChat(chatId);
  const latest = useLatest(chatId);
  // One that was heard of and never read, such as a chat handed over just now. Rows that only fly past ask for nothing.
  const isWanted = chat !== undefined && chat.lastSeq > 0 && !latest && !isMoving;
  useEffect(() => {
    // A row without what was said last is a row; it asks again when it is next drawn.
    if (isWanted) reader.chat(chatId).catch(() => undefined);
  }, [isWanted, chatId]);
  if (!chat) return null;
  const count = unread(chat);
  const name = customerName(t, chat.customer);
  return (
    <a
      href={href}
      data-row={chatId}
      aria-current={isOpen ? "true" : undefined}
      className={cx(
        "flex h-full items-center gap-3 border-b px-4 -outline-offset-2",
        isOpen ? "bg-selected" : isMarked ? "bg-hover" : "hover:bg-hover",
      )}
    >
      <Avatar name={name} id={chat.customer?.customerId} />
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          <span className={cx("min-w-0 flex-1 truncate text-base", count > 0 ? "font-semibold" : "font-medium")}>{name}</span>
          <Ago at={latest?.sentAt ?? chat.createdAt ?? ""} className="shrink-0 text-xs text-ink-3" />
        </div>
        <div className="mt-0.5 flex items-center gap-2">
          <Preview t={t} chat={chat} latest={latest} isUnread={count > 0} memberId={around.memberId} />
          <Mark t={t} chat={chat} around={around} />
          {count > 0 && (
            <Badge tone="solid">
              <span className="sr-only">{t("inbox.unread", { count })}</span>
              <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
            </Badge>
          )}
        </div>
      </div>
    </a>
  );
});

interface PreviewProps {
  readonly t: TFunction;
  readonly chat: Chat;
  readonly latest: LastMessage | undefined;
  readonly isUnread: boolean;
  readonly memberId: string;
}

function Preview({ t, chat, latest, isUnread, memberId }: PreviewProps) {
  const writer = useWriters(chat.chatId).find(({ sender }) => sender.kind === "SENDER_KIND_CUSTOMER");
  if (writer) return <span className="min-w-0 flex-1 truncate text-sm text-accent-ink">{t("inbox.writes")}</span>;
  const isStaff = latest?.sender?.kind === "SENDER_KIND_MEMBER";
  const who = !isStaff ? "" : latest.sender?.id === memberId ? t("inbox.you") : (latest.sender?.name ?? "");
  const text = latest
    ? who
      ? t("inbox.says", { who, text: latest.text })
      : latest.text
    : chat.lastSeq === 0
      ? t("inbox.silent")
      : "";
  return (
    <span className={cx("min-w-0 flex-1 truncate text-sm", isUnread ? "text-ink" : "text-ink-3", latest?.internal && "italic")}>
      {text}
    </span>
  );
}

interface MarkProps {
  readonly t: TFunction;
  readonly chat: Chat;
  readonly around: Around;
}

/** Whose it is, or which department it waits in. */
function Mark({ t, chat, around: { memberId, departments } }: MarkProps) {
  const department = departments.get(chat.departmentId);
  if (chat.assignee && chat.assignee.memberId !== memberId) {
    return (
      <span title={chat.assignee.name}>
        <span className="sr-only">{t("inbox.with", { name: chat.assignee.name })}</span>
        <Avatar name={chat.assignee.name} id={chat.assignee.memberId} size="xs" />
      </span>
    );
  }
  return department ? <span className="max-w-24 shrink-0 truncate text-xs text-ink-3">{department}</span> : null;
}
