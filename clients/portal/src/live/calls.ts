/**
 * Calls a member who looks elsewhere: a customer has written in a chat of theirs, or in one that waits. The tab's title counts, and, where this
 * browser is told to, the system says it. Looking at the page is the answer.
 */
import type { Message } from "@rapport/client";
import type { TFunction } from "i18next";
import { useSyncExternalStore } from "react";
import { showCalls } from "@/app/useTitle";
import { customerName } from "./names";
import type { PortalClient } from "./reader";
import type { Stop } from "./topics";
import type { World } from "./world";

const KEY = "rapport-alerts";
const listeners = new Set<() => void>();

/** Whether the system is to say it, and lets us. */
function areWanted(): boolean {
  return canAlert() && Notification.permission === "granted" && localStorage.getItem(KEY) === "on";
}

/** Absent on some phones, and where the page did not come over a safe connection. */
export function canAlert(): boolean {
  return "Notification" in window && isSecureContext;
}

export async function chooseAlerts(wanted: boolean): Promise<void> {
  // The browser asks the member, once.
  const isAllowed = wanted && (await Notification.requestPermission()) === "granted";
  localStorage.setItem(KEY, isAllowed ? "on" : "off");
  for (const listener of listeners) listener();
}

export function useAlerts(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, areWanted);
}

export interface Caller {
  readonly client: PortalClient;
  readonly world: World;
  readonly memberId: string;
  readonly t: TFunction;
  /** Shows the chat. */
  readonly open: (chatId: string) => void;
}

export function callMember({ client, world, memberId, t, open }: Caller): Stop {
  let calls = 0;
  const told = new Map<string, Notification>();
  const answered = () => {
    if (document.hidden) return;
    calls = 0;
    showCalls(0);
    for (const notification of told.values()) notification.close();
    told.clear();
  };
  const say = ({ chatId, text }: Message) => {
    const notification = new Notification(customerName(t, world.chats.get(chatId)?.customer), {
      body: text.slice(0, 200),
      // One a chat: the latest.
      tag: chatId,
    });
    notification.onclick = () => {
      focus();
      open(chatId);
    };
    told.set(chatId, notification);
  };
  const call = (message: Message) => {
    if (!document.hidden || message.sender?.kind !== "SENDER_KIND_CUSTOMER") return;
    const assignee = world.chats.get(message.chatId)?.assignee?.memberId;
    if (assignee !== undefined && assignee !== memberId) return;
    calls += 1;
    showCalls(calls);
    if (areWanted()) say(message);
  };
  document.addEventListener("visibilitychange", answered);
  const stop = client.live.onEvent(({ messageSent }) => messageSent?.message && call(messageSent.message));
  return () => {
    stop();
    document.removeEventListener("visibilitychange", answered);
    calls = 0;
    showCalls(0);
  };
}
