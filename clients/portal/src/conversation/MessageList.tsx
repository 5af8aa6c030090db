/**
 * What was said, the newest at the bottom. It stays there while it is there; older messages that come in above move nothing. As many rows
 * as fit are in the page, whatever the length of the chat.
 */
import type { Chat } from "@rapport/client";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, MessageCircleDashed } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState } from "@/errors/ErrorState";
import { useMessages, useOutbox } from "@/live/hooks";
import { Button, EmptyState, Spinner } from "@/ui";
import { RowView } from "./RowView";
import { type Row, rowsOf } from "./rows";
import { TypingLine } from "./TypingLine";
import { useMarkRead } from "./useMarkRead";
import { Waiting } from "./Waiting";

/** Older messages are asked for when so few pixels are left above. */
const ABOVE = 600;
const NEAR_END = 80;
const ESTIMATES: Record<Row["kind"], number> = { message: 56, pending: 64, happening: 32 };

export function MessageList({ chat }: { readonly chat: Chat }) {
  const { t } = useTranslation();
  const { chatId } = chat;
  const { thread, hasOlder, older, readOlder, error, retry } = useMessages(chatId);
  const outbox = useOutbox(chatId);
  const rows = useMemo(
    () => rowsOf({ chat, messages: thread.items, isWhole: !hasOlder, outbox }),
    [chat, thread.items, hasOlder, outbox],
  );
  const scroller = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATES[rows[index]?.kind ?? "message"],
    getItemKey: (index) => rows[index]?.key ?? index,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
    overscan: 6,
    paddingStart: 16,
    paddingEnd: 8,
  });
  const { isBegun } = thread;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when there is something
  useLayoutEffect(() => {
    if (isBegun) list.scrollToEnd();
  }, [isBegun]);
  // What one has sent oneself is seen, wherever one was reading.
  const sent = outbox.length;
  const before = useRef(sent);
  useEffect(() => {
    if (sent > before.current) list.scrollToEnd();
    before.current = sent;
  }, [sent, list]);
  const lastSeen = isAtEnd ? (thread.items.at(-1)?.seq ?? 0) : 0;
  useMarkRead(chat, lastSeen);
  const isFailed = older.error !== undefined;
  const look = useCallback(() => {
    const { current } = scroller;
    if (!current) return;
    setAtEnd(current.scrollHeight - current.scrollTop - current.clientHeight < NEAR_END);
    if (hasOlder && !isFailed && current.scrollTop < ABOVE) readOlder();
  }, [hasOlder, isFailed, readOlder]);
  // A page may be too short to scroll away from the top.
  const first = thread.items[0]?.seq;
  // biome-ignore lint/correctness/useExhaustiveDependencies: where there is more
  useEffect(() => {
    const frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  }, [look, first]);

  if (!isBegun && error) return <ErrorState error={error} onRetry={retry} />;
  if (!isBegun) return <Waiting />;
  const isEmpty = thread.items.length === 0 && outbox.length === 0;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {isEmpty ? (
        <EmptyState icon={<MessageCircleDashed />} title={t("conversation.empty")} text={t("conversation.emptyText")} />
      ) : (
        <div
          ref={scroller}
          onScroll={look}
          role="log"
          aria-label={t("conversation.messages")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too
          tabIndex={0}
          className="flex min-h-0 flex-1 flex-col overflow-y-auto overscroll-contain -outline-offset-2 [overflow-anchor:none]"
        >
          {hasOlder && (
            <div className="absolute inset-x-0 top-0 z-10 flex h-8 items-center justify-center text-ink-3">
              {older.error ? (
                <Button size="sm" onClick={older.retry}>
                  {t("conversation.olderFailed")}
                </Button>
              ) : (
                older.isReading && <Spinner />
              )}
            </div>
          )}
          {/* A short conversation stands at the bottom. */}
          <div className="relative mt-auto w-full shrink-0" style={{ height: list.getTotalSize() }}>
            {list.getVirtualItems().map(({ index, key, start }) => {
              const row = rows[index];
              return (
                row && (
                  <div
                    key={key}
                    data-index={index}
                    ref={list.measureElement}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${start}px)` }}
                  >
                    <RowView row={row} chat={chat} />
                  </div>
                )
              );
            })}
          </div>
        </div>
      )}
      {!isAtEnd && (
        <div className="pointer-events-none absolute inset-x-0 bottom-7 flex justify-center">
          <Button
            size="sm"
            icon={<ArrowDown />}
            onClick={() => list.scrollToEnd({ behavior: "smooth" })}
            className="pointer-events-auto shadow-raised"
          >
            {t("conversation.toEnd")}
          </Button>
        </div>
      )}
      <TypingLine chatId={chatId} />
    </div>
  );
}
