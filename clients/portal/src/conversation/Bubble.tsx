/** A message: the customer's at the left, the staff's at the right, a note so that nobody takes it for an answer. */
import type { Chat, Message } from "@rapport/client";
import { Check, CheckCheck, LockKeyhole } from "lucide-react";
import { useTranslation } from "react-i18next";
import { dateFormat, longTime } from "@/live/Ago";
import { customerName } from "@/live/names";
import { Avatar, cx } from "@/ui";
import type { Row } from "./rows";
import { Text } from "./Text";

export const SHAPE = "max-w-[min(36rem,85%)] rounded-xl px-3 py-2 text-base";
export const STAFF = "bg-accent-soft text-ink";
export const NOTE = "border border-note-line bg-note text-ink";

export function Bubble({ row, chat }: { readonly row: Extract<Row, { kind: "message" }>; readonly chat: Chat }) {
  const { t, i18n } = useTranslation();
  const { message, isFirst, isLast } = row;
  const { sender, text, internal, sentAt = "" } = message;
  const isStaff = sender?.kind === "SENDER_KIND_MEMBER";
  const name = isStaff ? (sender?.name ?? "") : customerName(t, chat.customer);
  return (
    <article
      aria-label={t(internal ? "conversation.noteBy" : "conversation.messageBy", { name })}
      data-seq={message.seq}
      className={cx("flex gap-2.5 px-4", isFirst ? "pt-2.5" : "pt-0.5", isStaff && "flex-row-reverse")}
    >
      <span className="w-6 shrink-0 pt-0.5">
        {isFirst && <Avatar name={name} id={isStaff ? sender?.id : chat.customer?.customerId} size="sm" />}
      </span>
      <div className={cx("flex min-w-0 flex-1 flex-col", isStaff ? "items-end" : "items-start")}>
        {isFirst && (isStaff || internal) && (
          <p className="mb-0.5 flex items-center gap-1 px-1 text-xs text-ink-3">
            {internal && <LockKeyhole aria-hidden="true" className="size-3" />}
            {internal ? t("conversation.noteBy", { name }) : name}
          </p>
        )}
        <div
          className={cx(SHAPE, internal ? NOTE : isStaff ? STAFF : "bg-hover text-ink")}
          title={longTime(sentAt, i18n.language)}
        >
          <Text text={text} />
        </div>
        {isLast && (
          <p className="mt-0.5 flex items-center gap-1 px-1 text-xs text-ink-3">
            <time dateTime={sentAt}>{dateFormat(i18n.language, { timeStyle: "short" }).format(new Date(sentAt))}</time>
            {isStaff && !internal && <ReadMark message={message} chat={chat} />}
          </p>
        )}
      </div>
    </article>
  );
}

function ReadMark({ message, chat }: { readonly message: Message; readonly chat: Chat }) {
  const { t } = useTranslation();
  const isRead = chat.customerReadSeq >= message.seq;
  const Icon = isRead ? CheckCheck : Check;
  return (
    <span className={cx("inline-flex items-center gap-0.5", isRead && "text-accent-ink")}>
      <Icon aria-hidden="true" className="size-3.5" />
      {t(isRead ? "conversation.read" : "conversation.sent")}
    </span>
  );
}
