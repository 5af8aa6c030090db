/** The messages, the newest at the end and in sight, unless the customer reads further up. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Desk } from "../model/desk";
import { faultText, waitText } from "../model/faults";
import { begins, linked, type Row } from "../model/rows";
import type { Thread } from "../model/thread";
import { type Key, t, timeText } from "../texts/index";
import { Avatar } from "./Bar";
import { Icon } from "./icons";

const STATES: Readonly<Record<Row["state"], Key>> = {
  sent: "sent",
  seen: "seen",
  sending: "sending",
  waiting: "waiting",
  failed: "failed",
};

/** How far from the end still counts as being at the end. */
const NEAR = 80;

export interface MessagesProps {
  readonly desk: Desk;
  readonly thread: Thread;
  /** Who of the staff writes. */
  readonly typist?: { readonly name: string } | undefined;
  /** What becomes of it, after the messages. */
  readonly children?: ComponentChildren;
}

export function Messages({ desk, thread, typist, children }: MessagesProps) {
  const { host } = desk;
  const rows = thread.rows.value;
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const [hasNew, setHasNew] = useState(false);
  const isOpen = host.shown.value.open;
  const last = rows.at(-1);
  const lastMine = rows.findLast((row) => row.isMine);

  const toEnd = () => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
    setHasNew(false);
  };
  const look = () => {
    if (isOpen && isAtEnd.current && document.visibilityState === "visible") void thread.seen();
  };
  const scrolled = () => {
    const { current } = box;
    if (!current) return;
    isAtEnd.current = current.scrollHeight - current.scrollTop - current.clientHeight < NEAR;
    if (isAtEnd.current) setHasNew(false);
    look();
  };
  useLayoutEffect(() => {
    if (isAtEnd.current || last?.isMine) toEnd();
    else if (last) setHasNew(true);
  }, [last?.key, typist, isOpen]);
  useEffect(() => {
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [last?.key, isOpen, thread.unmarked.value]);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    // The panel may get smaller: a keyboard, a longer composer.
    const watch = new ResizeObserver(() => isAtEnd.current && current.scrollTo({ top: current.scrollHeight }));
    watch.observe(current);
    return () => watch.disconnect();
  }, []);

  return (
    <div class="messagesBox">
      <div
        class="messages"
        ref={box}
        onScroll={scrolled}
        role="log"
        aria-label={t("log")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        tabIndex={0}
      >
        {thread.hasEarlier.value && (
          <button type="button" class="secondary earlier" onClick={() => void thread.readEarlier()}>
            {t("earlier")}
          </button>
        )}
        <ol>
          {rows.map((row, at) => (
            <Bubble
              key={row.key}
              desk={desk}
              thread={thread}
              row={row}
              isFirst={begins(row, rows[at - 1])}
              isLastMine={row === lastMine}
            />
          ))}
        </ol>
        {children}
        {typist && (
          <p class="typing" role="status">
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <span class="typingText">{typist.name ? t("typing", { name: typist.name }) : t("typingNobody")}</span>
          </p>
        )}
      </div>
      {hasNew && (
        <button type="button" class="newBelow" onClick={toEnd}>
          <Icon name="down" />
          {t("newBelow")}
        </button>
      )}
    </div>
  );
}

interface BubbleProps {
  readonly desk: Desk;
  readonly thread: Thread;
  readonly row: Row;
  readonly isFirst: boolean;
  readonly isLastMine: boolean;
}

function Bubble({ desk, thread, row, isFirst, isLastMine }: BubbleProps) {
  const { isMine, state } = row;
  const isOnWay = state !== "sent" && state !== "seen";
  return (
    <li class={`row ${isMine ? "mine" : "theirs"} ${isFirst ? "first" : ""} ${state}`}>
      {!isMine && isFirst && <Avatar name={row.name || t("team")} />}
      <div class="stack">
        {isFirst && (
          <p class="by">
            <span class={isMine ? "hidden" : ""} dir="auto">
              {isMine ? t("you") : row.name || t("team")}
            </span>
            <time dateTime={new Date(row.at || 0).toISOString()}>{timeText(row.at)}</time>
          </p>
        )}
        <div class="bubble" dir="auto">
          {linked(row.text).map(({ text, href }, at) =>
            href ? (
              <a key={at} href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
                {text}
              </a>
            ) : (
              text
            ),
          )}
        </div>
        {isMine && state !== "failed" && (isLastMine || isOnWay) && (
          <p class="state">{t(state === "waiting" ? waitText(row.fault) : STATES[state])}</p>
        )}
        {state === "failed" && <Failed desk={desk} thread={thread} row={row} />}
      </div>
    </li>
  );
}

function Failed({ desk, thread, row }: Omit<BubbleProps, "isFirst" | "isLastMine">) {
  const { requestId, fault, text } = row;
  if (!requestId) return null;
  return (
    <div class="failedBox" role="alert">
      <p>
        {t("failed")} {fault && t(faultText(fault))}
      </p>
      <div class="actions">
        {/* In a conversation that has ended there is no place for it; it goes along into the next. */}
        {!thread.isClosed.value && (
          <>
            <button type="button" class="link" onClick={() => void desk.client.queue.retry(requestId)}>
              {t("tryAgain")}
            </button>
            <button type="button" class="link" onClick={() => void desk.edit(requestId, text)}>
              {t("edit")}
            </button>
          </>
        )}
        <button type="button" class="link" onClick={() => void desk.client.queue.discard(requestId)}>
          {t("remove")}
        </button>
      </div>
    </div>
  );
}
