/** One row of a conversation. */
import type { Chat } from "@rapport/client";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { dateFormat, useToday } from "@/live/Ago";
import { Bubble } from "./Bubble";
import { Pending } from "./Pending";
import type { Row } from "./rows";

export const RowView = memo(function RowView({ row, chat }: { readonly row: Row; readonly chat: Chat }) {
  return (
    <>
      {row.day && <Day at={row.day} />}
      <Content row={row} chat={chat} />
    </>
  );
});

function Content({ row, chat }: { readonly row: Row; readonly chat: Chat }) {
  switch (row.kind) {
    case "happening":
      return <Happening row={row} />;
    case "pending":
      return <Pending entry={row.entry} text={row.text} internal={row.internal} />;
    case "message":
      return <Bubble row={row} chat={chat} />;
  }
}

function Day({ at }: { readonly at: string }) {
  const { t, i18n } = useTranslation();
  const day = new Date(at);
  const today = new Date(useToday());
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  const text =
    day.toDateString() === today.toDateString()
      ? t("conversation.today")
      : day.toDateString() === yesterday.toDateString()
        ? t("conversation.yesterday")
        : dateFormat(i18n.language, {
            weekday: "long",
            day: "numeric",
            month: "long",
            ...(day.getFullYear() === today.getFullYear() ? {} : { year: "numeric" }),
          }).format(day);
  return (
    <p className="flex items-center gap-3 px-4 py-3 text-xs text-ink-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
      {text}
    </p>
  );
}

function Happening({ row: { what, at, chat } }: { readonly row: Extract<Row, { kind: "happening" }> }) {
  const { t, i18n } = useTranslation();
  const time = dateFormat(i18n.language, { timeStyle: "short" }).format(new Date(at));
  const text =
    what === "closed" && chat.closeReason
      ? t("conversation.happened.closedWith", { reason: chat.closeReason })
      : t(`conversation.happened.${what}`, { name: chat.assignee?.name ?? "" });
  return (
    <p className="px-8 py-1.5 text-center text-xs text-ink-3">
      {text} · <time dateTime={at}>{time}</time>
    </p>
  );
}
