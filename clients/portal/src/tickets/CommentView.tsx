/** An entry of a ticket; an internal one so that nobody takes it for an answer. */
import type { Comment } from "@rapport/client";
import { LockKeyhole } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Text } from "@/conversation/Text";
import { Ago } from "@/live/Ago";
import { useKnownTicket } from "@/live/hooks";
import { customerName } from "@/live/names";
import { Avatar, Badge, cx } from "@/ui";

export const CommentView = memo(function CommentView({ comment }: { readonly comment: Comment }) {
  const { t } = useTranslation();
  const requester = useKnownTicket(comment.ticketId)?.requester;
  const isStaff = comment.author?.kind === "SENDER_KIND_MEMBER";
  const name = isStaff ? (comment.author?.name ?? "") : customerName(t, requester);
  return (
    <article
      aria-label={t(comment.internal ? "conversation.noteBy" : "conversation.messageBy", { name })}
      className="flex gap-3 py-4"
    >
      <Avatar name={name} id={isStaff ? comment.author?.id : requester?.customerId} />
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-2 pb-1 text-sm">
          <span className="min-w-0 truncate font-medium">{name}</span>
          {!isStaff && <Badge>{t("tickets.requester")}</Badge>}
          {comment.internal && (
            <Badge tone="warn" icon={<LockKeyhole aria-hidden="true" />}>
              {t("conversation.note")}
            </Badge>
          )}
          <Ago at={comment.sentAt ?? ""} className="ml-auto shrink-0 text-xs text-ink-3" />
        </p>
        <div className={cx("text-base", comment.internal && "rounded-lg border border-note-line bg-note px-3 py-2")}>
          <Text text={comment.text} />
        </div>
      </div>
    </article>
  );
});
