/** Tells that a chat has been read as far as it is on the screen of somebody who looks at it. */
import type { Chat } from "@rapport/client";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useDesk } from "@/live/desk";

/** What is only passed by is not read. */
const LOOK_MS = 400;

function onLook(changed: () => void): () => void {
  const events = ["focus", "blur"] as const;
  for (const name of events) addEventListener(name, changed);
  document.addEventListener("visibilitychange", changed);
  return () => {
    for (const name of events) removeEventListener(name, changed);
    document.removeEventListener("visibilitychange", changed);
  };
}

/** `seq` is the last message on the screen, 0 where the end of the chat is not on it. */
export function useMarkRead(chat: Chat, seq: number): void {
  const { client, mayWork } = useDesk();
  const isLooking = useSyncExternalStore(onLook, () => document.visibilityState === "visible" && document.hasFocus());
  const marked = useRef(0);
  const { chatId, staffReadSeq } = chat;
  const isNews = mayWork && seq > Math.max(staffReadSeq, marked.current);
  useEffect(() => {
    if (!isLooking || !isNews) return;
    const timer = setTimeout(() => {
      const before = marked.current;
      marked.current = seq;
      client.chats.markRead({ chatId, seq }).catch(() => {
        // The next message, or the next look, tells it again.
        marked.current = before;
      });
    }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [client, chatId, seq, isLooking, isNews]);
}
