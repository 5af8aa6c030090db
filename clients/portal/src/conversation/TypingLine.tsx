/** Who writes at this moment. Its height is always there, so that nothing jumps. */
import { useTranslation } from "react-i18next";
import { useKnownChat, useWriters } from "@/live/hooks";
import { customerName } from "@/live/names";

export function TypingLine({ chatId }: { readonly chatId: string }) {
  const { t } = useTranslation();
  const chat = useKnownChat(chatId);
  const all = useWriters(chatId);
  const writers = chat?.state === "CHAT_STATE_CLOSED" ? [] : all;
  const names = writers.map(({ sender }) =>
    sender.kind === "SENDER_KIND_CUSTOMER" ? customerName(t, chat?.customer) : sender.name,
  );
  return (
    <p aria-live="polite" data-typing={names.length} className="h-5 shrink-0 truncate px-4 text-xs text-ink-3">
      {names.length > 0 && (
        <span className="inline-flex items-center gap-1.5">
          <span aria-hidden="true" className="inline-flex gap-0.5">
            {[0, 200, 400].map((delay) => (
              <span
                key={delay}
                className="size-1 animate-wait rounded-full bg-current"
                style={{ animationDelay: `${delay}ms` }}
              />
            ))}
          </span>
          {t("conversation.writes", { count: names.length, name: names[0], names: names.join(", ") })}
        </span>
      )}
    </p>
  );
}
