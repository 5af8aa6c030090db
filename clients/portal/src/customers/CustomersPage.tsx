/** The customers of the chats one may see, those with the newest chat first, and the one that is chosen. */
import { useNavigate, useParams } from "@tanstack/react-router";
import { Contact } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { PaneHeader, Panes } from "@/app/Panes";
import { useTitle } from "@/app/useTitle";
import { Ago } from "@/live/Ago";
import { useDesk } from "@/live/desk";
import { type List, useChatList, useKnownChat } from "@/live/hooks";
import { customerName } from "@/live/names";
import { type RowState, VirtualRows } from "@/live/VirtualRows";
import { Avatar, cx, EmptyState } from "@/ui";
import { CustomerView } from "./CustomerView";

const ROW_HEIGHT = 60;

export function CustomersPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { customerId: visitorId } = useParams({ strict: false });
  const { list, chatOf } = useCustomers();
  useTitle(t("nav.customers"));
  return (
    <Panes
      active={visitorId ? "main" : "list"}
      of={visitorId}
      list={
        <>
          <PaneHeader title={t("nav.customers")} subtitle={t("customers.recent")} />
          <div className="min-h-0 flex-1">
            <VirtualRows
              list={list}
              label={t("nav.customers")}
              height={ROW_HEIGHT}
              openId={visitorId}
              nothing={<EmptyState icon={<Contact />} title={t("customers.none")} text={t("customers.noneText")} />}
              place="customers"
              onOpen={(customerId) => void navigate({ to: "/customers/$customerId", params: { customerId } })}
              row={(id, state) => <CustomerRow visitorId={id} chatId={chatOf.get(id) ?? ""} {...state} />}
            />
          </div>
        </>
      }
      main={
        visitorId ? (
          <>
            <PaneHeader title={t("customers.title")} onBack={() => void navigate({ to: "/customers" })} />
            <div className="mx-auto flex min-h-0 w-full max-w-160 flex-1 flex-col">
              <CustomerView key={visitorId} visitorId={visitorId} />
            </div>
          </>
        ) : (
          <EmptyState icon={<Contact />} title={t("customers.choose")} text={t("customers.chooseText")} />
        )
      }
    />
  );
}

/** Each customer once, by their newest chat. */
function useCustomers(): { readonly list: List; readonly chatOf: ReadonlyMap<string, string> } {
  const { world } = useDesk();
  const list = useChatList({});
  const { view } = list;
  const chatOf = useMemo(() => {
    const chats = new Map<string, string>();
    for (const chatId of view.ids) {
      const visitorId = world.chats.get(chatId)?.customer?.visitorId;
      if (visitorId && !chats.has(visitorId)) chats.set(visitorId, chatId);
    }
    return chats;
  }, [view.ids, world]);
  return { list: { ...list, view: { ...view, ids: [...chatOf.keys()] } }, chatOf };
}

function CustomerRow({
  visitorId,
  chatId,
  href,
  isOpen,
  isMarked,
}: RowState & { readonly visitorId: string; readonly chatId: string }) {
  const { t } = useTranslation();
  const chat = useKnownChat(chatId);
  const name = customerName(t, chat?.customer);
  return (
    <a
      href={href}
      data-row={visitorId}
      aria-current={isOpen ? "true" : undefined}
      className={cx(
        "flex h-full items-center gap-3 border-b px-4 -outline-offset-2",
        isOpen ? "bg-selected" : isMarked ? "bg-hover" : "hover:bg-hover",
      )}
    >
      <Avatar name={name} id={chat?.customer?.customerId} />
      <span className="flex min-w-0 flex-1 flex-col">
        <span className="truncate text-base font-medium">{name}</span>
        {chat?.customer?.name && chat.customer.email && (
          <span className="truncate text-sm text-ink-3">{chat.customer.email}</span>
        )}
      </span>
      <Ago at={chat?.createdAt ?? ""} className="shrink-0 text-xs text-ink-3" />
    </a>
  );
}
