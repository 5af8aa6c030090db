/** The inbox: which chats there are, the one that is open, and whose it is. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ListFilter, MessagesSquare } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Behind, later } from "@/app/later";
import { PaneHeader, Panes } from "@/app/Panes";
import { useTitle } from "@/app/useTitle";
import { Conversation } from "@/conversation/Conversation";
import { CustomerPanel } from "@/customers/CustomerPanel";
import { EmptyState, IconButton } from "@/ui";
import { ChatList } from "./ChatList";
import { Sections } from "./Sections";
import type { InboxSearch } from "./search";

const Filters = later(async () => (await import("./Filters")).Filters);

export function InboxPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { chatId } = useParams({ strict: false });
  const search = useSearch({ from: "/frame/inbox" });
  useTitle(t("nav.inbox"));
  const showCustomer = (customer: boolean) =>
    chatId &&
    void navigate({
      to: "/inbox/$chatId",
      params: { chatId },
      search: (now) => ({ ...now, customer: customer || undefined }),
      replace: true,
    });
  return (
    <Panes
      active={!chatId ? "list" : search.customer ? "aside" : "main"}
      of={chatId}
      list={
        <>
          <PaneHeader title={t("nav.inbox")}>
            <Behind
              button={(open) => (
                <IconButton label={t("inbox.filter")} onClick={open}>
                  <ListFilter />
                </IconButton>
              )}
              part={(isWanted) => <Filters search={search} defaultOpen={isWanted} />}
            />
          </PaneHeader>
          <Sections search={search}>
            <ChatList search={search} openId={chatId} />
          </Sections>
        </>
      }
      main={
        chatId ? (
          <Conversation
            key={chatId}
            chatId={chatId}
            onBack={() => void navigate({ to: "/inbox", search: (now) => ({ ...now, customer: undefined }) })}
            onCustomer={() => showCustomer(!search.customer)}
            onClaimed={() =>
              void navigate({ to: ".", search: (now: InboxSearch) => ({ ...now, section: "mine" as const }), replace: true })
            }
          />
        ) : (
          <EmptyState icon={<MessagesSquare />} title={t("inbox.choose")} text={t("inbox.chooseText")} />
        )
      }
      aside={chatId && <CustomerPanel key={chatId} chatId={chatId} onClose={() => showCustomer(false)} />}
    />
  );
}
