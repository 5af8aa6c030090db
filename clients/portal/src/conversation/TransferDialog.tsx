/** Gives a chat to a colleague, who has it at once, or to a department, where it waits. */
import type { Chat } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { Building2, Search } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePeople } from "@/agents/presence";
import { explain } from "@/errors/explain";
import { useDesk } from "@/live/desk";
import { useAssignable, useDepartments } from "@/live/staff";
import { Avatar, Dialog, Input, Notice, Spinner, toast } from "@/ui";

type To = { readonly name: string } & ({ readonly memberId: string } | { readonly departmentId: string });

export function TransferDialog({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { client, world } = useDesk();
  const [words, setWords] = useState("");
  const people = usePeople();
  const members = useAssignable().filter(({ memberId, name }) => memberId !== chat.assignee?.memberId && isFound(name, words));
  const departments = useDepartments().filter(({ name }) => isFound(name, words));
  const transfer = useMutation({
    mutationFn: ({ name: _name, ...to }: To) => client.chats.transferChat({ chatId: chat.chatId, ...to }),
    onSuccess({ chat: now }, { name }) {
      // Where it is no longer this member's to see, the event says so.
      if (now) world.chats.put(now);
      toast({ text: t("conversation.transferred", { name }), tone: "good" });
      onClose();
    },
  });
  const isOnline = (memberId: string) => people.get(memberId)?.status ?? "offline";
  const sorted = [...members].sort(
    (one, other) => Number(isOnline(other.memberId) === "online") - Number(isOnline(one.memberId) === "online"),
  );
  const busy = transfer.isPending ? (transfer.variables as { memberId?: string; departmentId?: string }) : undefined;
  return (
    <Dialog open onClose={onClose} title={t("conversation.transferring.title")} description={t("conversation.transferring.text")}>
      <div className="flex flex-col gap-3">
        {transfer.error && <Notice tone="bad">{explain(t, transfer.error).text}</Notice>}
        <Input
          icon={<Search />}
          aria-label={t("conversation.transferring.search")}
          placeholder={t("conversation.transferring.search")}
          value={words}
          autoFocus
          onChange={(event) => setWords(event.target.value)}
        />
        {departments.length > 0 && (
          <Group title={t("conversation.transferring.departments")}>
            {departments.map(({ departmentId, name }) => (
              <Choice
                key={departmentId}
                name={name}
                isBusy={busy?.departmentId === departmentId}
                disabled={transfer.isPending}
                onChoose={() => transfer.mutate({ departmentId, name })}
              >
                <span className="grid size-6 place-items-center rounded-md bg-selected text-ink-2">
                  <Building2 aria-hidden="true" className="size-3.5" />
                </span>
              </Choice>
            ))}
          </Group>
        )}
        {sorted.length > 0 && (
          <Group title={t("conversation.transferring.members")}>
            {sorted.map(({ memberId, name }) => (
              <Choice
                key={memberId}
                name={name}
                hint={t(`status.${isOnline(memberId)}`)}
                isBusy={busy?.memberId === memberId}
                disabled={transfer.isPending}
                onChoose={() => transfer.mutate({ memberId, name })}
              >
                <Avatar name={name} id={memberId} size="sm" status={isOnline(memberId)} />
              </Choice>
            ))}
          </Group>
        )}
        {sorted.length + departments.length === 0 && (
          <p className="py-4 text-center text-sm text-ink-3">{t("conversation.transferring.none")}</p>
        )}
      </div>
    </Dialog>
  );
}

function isFound(name: string, words: string): boolean {
  return name.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase());
}

function Group({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className="mb-1 px-2 text-xs font-medium text-ink-3">{title}</h3>
      <ul>{children}</ul>
    </section>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly hint?: string;
  readonly isBusy: boolean;
  readonly disabled: boolean;
  readonly onChoose: () => void;
  readonly children: React.ReactNode;
}

function Choice({ name, hint, isBusy, disabled, onChoose, children }: ChoiceProps) {
  return (
    <li>
      <button
        type="button"
        disabled={disabled}
        onClick={onChoose}
        className="flex h-10 w-full items-center gap-3 rounded-md px-2 text-left text-base hover:bg-hover -outline-offset-2"
      >
        {children}
        <span className="min-w-0 flex-1 truncate">{name}</span>
        {isBusy ? <Spinner /> : hint && <span className="text-xs text-ink-3">{hint}</span>}
      </button>
    </li>
  );
}
