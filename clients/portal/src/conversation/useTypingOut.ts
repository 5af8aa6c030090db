/** Tells the customer that somebody writes to them: now and then while it is so, and at once when it is over. */
import { useEffect, useMemo } from "react";
import { useDesk } from "@/live/desk";

/** Listeners forget after six seconds. */
const AGAIN_MS = 3_000;
const IDLE_MS = 5_000;

export interface TypingOut {
  typed(): void;
  stopped(): void;
}

export function useTypingOut(chatId: string): TypingOut {
  const { client } = useDesk();
  const typing = useMemo(() => {
    let saidAt = 0;
    let idle: ReturnType<typeof setTimeout> | undefined;
    // Dropped under pressure anyway: a failure is no news.
    const say = (typing: boolean) =>
      void client.chats.setTyping({ chatId, typing }, { retry: false, timeoutMs: 5_000 }).catch(() => undefined);
    const stopped = () => {
      clearTimeout(idle);
      if (saidAt === 0) return;
      saidAt = 0;
      say(false);
    };
    const typed = () => {
      clearTimeout(idle);
      idle = setTimeout(stopped, IDLE_MS);
      if (Date.now() - saidAt < AGAIN_MS) return;
      saidAt = Date.now();
      say(true);
    };
    return { typed, stopped };
  }, [client, chatId]);
  useEffect(() => typing.stopped, [typing]);
  return typing;
}
