/** Ends a chat, with a reason the customer may read. */
import type { Chat } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { useDesk } from "@/live/desk";
import { Button, Dialog, Field, Notice, Textarea } from "@/ui";

const LONGEST = 500;

export function CloseDialog({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { client, world } = useDesk();
  const [reason, setReason] = useState("");
  const close = useMutation({
    mutationFn: () => client.chats.closeChat({ chatId: chat.chatId, reason: reason.trim() }),
    onSuccess(answer) {
      if (answer.chat) world.chats.put(answer.chat);
      onClose();
    },
  });
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (!close.isPending) close.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("conversation.closing.title")}
      description={t("conversation.closing.text")}
      actions={
        <>
          <Button look="primary" busy={close.isPending} onClick={() => submit()}>
            {t("conversation.close")}
          </Button>
          <Button onClick={onClose}>{t("live.cancel")}</Button>
        </>
      }
    >
      <form onSubmit={submit} className="flex flex-col gap-3">
        {close.error && <Notice tone="bad">{explain(t, close.error).text}</Notice>}
        <Field label={t("conversation.closing.reason")} optional={t("live.optional")} hint={t("conversation.closing.hint")}>
          <Textarea
            value={reason}
            maxLength={LONGEST}
            autoFocus
            onChange={(event) => setReason(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit();
            }}
          />
        </Field>
      </form>
    </Dialog>
  );
}
