/** The chats of a section. */
import { useNavigate } from "@tanstack/react-router";
import { Coffee, Inbox } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useDesk } from "@/live/desk";
import { useChatList } from "@/live/hooks";
import { useDepartments } from "@/live/staff";
import { VirtualRows } from "@/live/VirtualRows";
import { EmptyState } from "@/ui";
import { ChatRow, ROW_HEIGHT } from "./ChatRow";
import { filterOf, type InboxSearch } from "./search";

export function ChatList({ search, openId }: { readonly search: InboxSearch; readonly openId: string | undefined }) {
  const { t } = useTranslation();
  const { memberId } = useDesk().me;
  const list = useChatList(filterOf(search, memberId));
  const navigate = useNavigate();
  const all = useDepartments();
  const around = useMemo(
    () => ({ memberId, departments: new Map(all.map(({ departmentId, name }) => [departmentId, name])) }),
    [memberId, all],
  );
  return (
    <VirtualRows
      key={search.section}
      list={list}
      label={t(`inbox.section.${search.section ?? "waiting"}`)}
      height={ROW_HEIGHT}
      openId={openId}
      nothing={<Nothing search={search} />}
      place="inbox"
      onOpen={(chatId) =>
        void navigate({ to: "/inbox/$chatId", params: { chatId }, search: (now) => ({ ...now, customer: undefined }) })
      }
      row={(chatId, state) => <ChatRow chatId={chatId} around={around} {...state} />}
    />
  );
}

function Nothing({ search: { section = "waiting", department, assignee } }: { readonly search: InboxSearch }) {
  const { t } = useTranslation();
  if (department || assignee)
    return <EmptyState icon={<Inbox />} title={t("inbox.none.filtered")} text={t("inbox.none.filteredText")} />;
  return (
    <EmptyState
      icon={section === "waiting" ? <Coffee /> : <Inbox />}
      title={t(`inbox.none.${section}`)}
      text={t(`inbox.none.${section}Text`)}
    />
  );
}
