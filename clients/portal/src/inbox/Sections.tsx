/** The parts of the inbox, with how much is in them. */
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Tabs } from "@/ui";
import { type InboxSearch, SECTIONS } from "./search";
import { useCounts } from "./useCounts";

const MOST = 10_000;

export function Sections({ search, children }: { readonly search: InboxSearch; readonly children: ReactNode }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const counts = useCounts();
  /** The server counts so far and no further. */
  const told = (count: number) => `${count.toLocaleString(i18n.language)}${counts?.capped && count >= MOST ? "+" : ""}`;
  return (
    <Tabs
      label={t("inbox.sections")}
      value={search.section ?? "waiting"}
      onChange={(section) => void navigate({ to: ".", search: (now: InboxSearch) => ({ ...now, section }), replace: true })}
      tabs={SECTIONS.map((section) => ({
        value: section,
        label: t(`inbox.section.${section}`),
        count: section === "closed" || !counts ? undefined : told(counts[section]),
      }))}
    >
      {children}
    </Tabs>
  );
}
