/** The conversation: whom one talks to, what was said, and where one writes. */
import { useEffect, useRef } from "preact/hooks";
import type { Desk } from "../model/desk";
import { LONGEST } from "../model/form";
import { t } from "../texts/index";
import { Bar } from "./Bar";
import { Composer } from "./Composer";
import { LineNotice, Refusal } from "./Lines";
import { Messages } from "./Messages";

export function Chat({ desk }: { readonly desk: Desk }) {
  const { conversation, drafts, typing } = desk;
  const isClosed = conversation.isClosed.value;
  // Nobody writes over a line that is broken, or in a conversation that has ended.
  const typist = desk.line.notice.value || isClosed ? undefined : typing.typist.value;
  return (
    <>
      <Bar desk={desk} />
      <LineNotice desk={desk} />
      <Messages desk={desk} thread={conversation} typist={typist}>
        <Status desk={desk} />
      </Messages>
      <Refusal desk={desk} />
      {isClosed ? (
        <Ended
          desk={desk}
          text={t("ended")}
          reason={conversation.chat.value?.closeReason}
          button={t("startNew")}
          onPress={() => void desk.startNew()}
        />
      ) : (
        <Composer
          desk={desk}
          text={drafts.answer(conversation.chatId.value)}
          change={(text) => drafts.changeAnswer(conversation.chatId.peek(), text)}
          press={(isEmpty) => typing.press(isEmpty)}
          send={(text) => desk.send(text)}
          longest={LONGEST}
          isReady={conversation.chat.value !== undefined}
        />
      )}
    </>
  );
}

/** What becomes of the conversation, after the messages. */
function Status({ desk }: { readonly desk: Desk }) {
  const chat = desk.conversation.chat.value;
  const name = chat?.assignee?.name;
  const settings = desk.settings.value;
  const hasAnswer = desk.conversation.rows.value.some(({ isMine }) => !isMine);
  if (hasAnswer || chat?.state === "CHAT_STATE_CLOSED") return null;
  const text = !chat
    ? t("starting")
    : name
      ? t("joined", { name })
      : settings?.teamAvailable === false
        ? settings.widget.offlineMessage || t("teamAway")
        : t("waitingForAgent");
  return (
    <p class="between" role="status" dir="auto">
      {text}
    </p>
  );
}

interface EndedProps {
  readonly desk: Desk;
  readonly text: string;
  /** As it was given at closing; most give none. */
  readonly reason?: string | undefined;
  readonly button: string;
  readonly onPress: () => void;
}

export function Ended({ desk, text, reason, button: label, onPress }: EndedProps) {
  const button = useRef<HTMLButtonElement>(null);
  // Whoever was writing when it ended goes on from here.
  useEffect(() => {
    if (document.activeElement === document.body && desk.host.shown.peek().open) button.current?.focus();
  }, [desk]);
  return (
    <footer class="ended">
      <div role="status">
        <p>{text}</p>
        {reason && (
          <p class="reason">
            {t("reason")} <bdi>{reason}</bdi>
          </p>
        )}
      </div>
      <button ref={button} type="button" class="primary" onClick={onPress}>
        {label}
      </button>
    </footer>
  );
}
