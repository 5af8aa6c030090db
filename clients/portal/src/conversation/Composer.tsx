/** Where an answer or a note is written. What is written is kept until it is in the queue, and the queue keeps it until it is sent. */
import { LockKeyhole, MessageSquare, SendHorizontal } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCommands } from "@/commands/registry";
import { explain } from "@/errors/explain";
import { useDraft } from "@/session/drafts";
import { cx, IconButton, Kbd, Notice, Segmented } from "@/ui";
import { type Put, usePut } from "./usePut";
import type { TypingOut } from "./useTypingOut";

/** So near the end it is said how much is left. */
const NEAR = 500;
const KINDS = ["reply", "note"] as const;
type Kind = (typeof KINDS)[number];

export interface ComposerProps {
  /** Where the draft is kept. */
  readonly draft: string;
  /** How many characters it may have. */
  readonly longest: number;
  /** Puts it into the queue. */
  readonly send: Put;
  readonly typing?: TypingOut | undefined;
}

export function Composer({ draft, longest, send: put, typing }: ComposerProps) {
  const { t } = useTranslation();
  const [text, setText] = useDraft(draft);
  const [kept, setKept] = useDraft(`${draft}:kind`);
  const kind: Kind = kept === "note" ? "note" : "reply";
  const input = useRef<HTMLTextAreaElement>(null);
  const length = [...text].length;
  const isNote = kind === "note";
  const canSend = text.trim() !== "" && length <= longest;

  useEffect(() => {
    // On a phone the keyboard would cover what one came to read.
    if (matchMedia("(min-width: 48rem)").matches) input.current?.focus({ preventScroll: true });
  }, []);
  const commands = useMemo(
    () => [
      {
        id: "chat.reply",
        label: t("conversation.write"),
        group: t("conversation.keys"),
        keys: "r",
        run: () => input.current?.focus(),
      },
    ],
    [t],
  );
  useCommands(commands);

  const { put: keep, error } = usePut(draft, put);
  const send = () => {
    if (!canSend) return;
    typing?.stopped();
    keep(text, isNote);
  };
  const press = (event: React.KeyboardEvent) => {
    // Enter ends a word of an input method before it ends a message.
    if (event.key === "Escape") input.current?.blur();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div
      className={cx(
        "rounded-xl border transition-colors focus-within:border-accent-ink",
        isNote ? "border-note-line bg-note" : "border-line-strong bg-surface",
      )}
    >
      {error !== undefined && (
        <div className="p-2 pb-0">
          <Notice tone="bad">{explain(t, error).text}</Notice>
        </div>
      )}
      <textarea
        ref={input}
        value={text}
        rows={1}
        aria-label={t(isNote ? "conversation.noteText" : "conversation.replyText")}
        placeholder={t(isNote ? "conversation.notePlaceholder" : "conversation.replyPlaceholder")}
        onChange={(event) => {
          setText(event.target.value);
          if (isNote || event.target.value === "") typing?.stopped();
          else typing?.typed();
        }}
        onBlur={typing?.stopped}
        onKeyDown={press}
        className="block max-h-48 min-h-10 w-full resize-none bg-transparent px-3 pt-2.5 pb-1 text-base outline-none [field-sizing:content]"
      />
      <div className="flex items-center gap-2 p-1.5">
        <Segmented
          label={t("conversation.kind")}
          value={kind}
          onChange={(next) => setKept(next === "note" ? "note" : "")}
          tabs={[
            { value: "reply", label: t("conversation.reply"), icon: <MessageSquare /> },
            { value: "note", label: t("conversation.note"), icon: <LockKeyhole /> },
          ]}
        />
        <span className="min-w-0 flex-1 truncate text-right text-xs text-ink-3">
          {length > longest - NEAR ? (
            <span role="status" className={cx(length > longest && "font-medium text-bad")}>
              {t("conversation.left", { count: longest - length })}
            </span>
          ) : (
            <span className="hidden lg:inline">
              <Kbd keys="shift+enter" /> {t("conversation.newLine")}
            </span>
          )}
        </span>
        <IconButton
          look="primary"
          label={t(isNote ? "conversation.addNote" : "conversation.send")}
          keys="enter"
          tooltipSide="top"
          disabled={!canSend}
          onClick={send}
        >
          <SendHorizontal />
        </IconButton>
      </div>
    </div>
  );
}
