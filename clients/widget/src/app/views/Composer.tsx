/** Where the customer writes. Enter sends, Shift+Enter begins a line; what is typed stays until it is kept by the queue. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Desk } from "../model/desk";
import { lengthOf } from "../model/form";
import type { Send } from "../model/thread";
import { t } from "../texts/index";
import { Icon } from "./icons";

/** From when on it is said how much room is left. */
const NEAR = 500;
/** As high as it grows, in pixels. */
const MOST = 132;

export interface ComposerProps {
  readonly desk: Desk;
  readonly text: string;
  readonly change: (text: string) => void;
  readonly send: Send;
  readonly press?: (isEmpty: boolean) => void;
  readonly longest: number;
  readonly isReady: boolean;
}

export function Composer({ desk, text, change, send: put, press, longest, isReady }: ComposerProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const { shown } = desk.host;
  const left = longest - lengthOf(text);
  const canSend = text.trim() !== "" && left >= 0 && isReady;
  // As it is when the answer comes.
  const typed = useRef(text);
  typed.current = text;

  useEffect(() => {
    // On a phone the keyboard would cover what is to be read first.
    if (shown.value.open && !shown.value.sheet) area.current?.focus();
  }, [shown.value.open, shown.value.sheet]);
  const fit = () => {
    const { current } = area;
    if (!current) return;
    current.style.setProperty("block-size", "auto");
    // In a frame that is not shown nothing has a height.
    if (current.scrollHeight > 0) current.style.setProperty("block-size", `${Math.min(current.scrollHeight, MOST)}px`);
  };
  useLayoutEffect(fit, [text]);
  useEffect(() => {
    // What was typed before a reload is measured when it is first seen.
    const watch = new ResizeObserver(() => requestAnimationFrame(fit));
    if (area.current) watch.observe(area.current);
    return () => watch.disconnect();
  }, []);

  const send = async () => {
    // Asked twice before it is drawn anew, it is sent once.
    if (!canSend || typed.current !== text) return;
    typed.current = "";
    change("");
    // Not kept: it goes back to where it was typed.
    if (!(await put(text))) change(text + typed.current);
    area.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div class="composerBox">
        <textarea
          ref={area}
          rows={1}
          dir={text ? "auto" : undefined}
          aria-label={t("composer")}
          placeholder={t("composer")}
          enterkeyhint="send"
          aria-invalid={left < 0}
          aria-describedby={left < NEAR ? "left" : undefined}
          value={text}
          onInput={(event) => {
            change(event.currentTarget.value);
            press?.(event.currentTarget.value.trim() === "");
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <button type="submit" class="send" aria-label={t("send")} title={t("send")} aria-disabled={!canSend}>
          <Icon name="send" />
        </button>
      </div>
      {left < NEAR && (
        <p id="left" class={left < 0 ? "left over" : "left"} role="status">
          {left < 0 ? t("tooLong", { over: -left }) : t("left", { left })}
        </p>
      )}
    </form>
  );
}
