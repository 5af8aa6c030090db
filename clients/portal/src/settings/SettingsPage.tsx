/** The workspace's settings: their list, and one of them. */
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { AppWindow, Building2, ChevronRight, Globe, type LucideIcon, Network, UsersRound } from "lucide-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { PaneHeader, Panes } from "@/app/Panes";
import { screen } from "@/app/screen";
import { useTitle } from "@/app/useTitle";

interface Page {
  readonly name: string;
  readonly Icon: LucideIcon;
  readonly Body: ComponentType;
}

const PAGES: readonly Page[] = [
  { name: "workspace", Icon: Building2, Body: screen(async () => (await import("./workspace/WorkspaceSettings")).default) },
  { name: "members", Icon: UsersRound, Body: screen(async () => (await import("./members/MembersSettings")).default) },
  { name: "departments", Icon: Network, Body: screen(async () => (await import("./departments/DepartmentsSettings")).default) },
  { name: "widget", Icon: AppWindow, Body: screen(async () => (await import("./widget/WidgetSettings")).default) },
  { name: "origins", Icon: Globe, Body: screen(async () => (await import("./workspace/OriginsSettings")).default) },
];

export function SettingsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { page: chosen } = useParams({ strict: false });
  const page = PAGES.find(({ name }) => name === chosen) ?? PAGES[0];
  useTitle(t(page ? `settings.${page.name}.title` : "nav.settings"));
  if (!page) return null;
  const { name, Body } = page;
  return (
    <Panes
      active={chosen ? "main" : "list"}
      of={name}
      list={
        <>
          <PaneHeader title={t("nav.settings")} />
          <nav aria-label={t("nav.settings")} className="flex flex-col gap-0.5 p-2">
            {PAGES.map((each) => (
              <Link
                key={each.name}
                to="/settings/$page"
                params={{ page: each.name }}
                aria-current={each === page ? "page" : undefined}
                data-here={(each === page && Boolean(chosen)) || undefined}
                data-first={(each === page && !chosen) || undefined}
                className="flex min-h-11 items-center gap-3 rounded-md px-3 py-2 text-ink-2 hover:bg-hover hover:text-ink data-here:bg-selected data-here:text-ink md:min-h-9 md:data-first:bg-selected md:data-first:text-ink"
              >
                <each.Icon className="size-4 shrink-0" aria-hidden="true" />
                <span className="min-w-0">
                  <span className="block text-base font-medium">{t(`settings.${each.name}.title`)}</span>
                  <span className="block text-sm text-ink-3">{t(`settings.${each.name}.summary`)}</span>
                </span>
                <ChevronRight className="ml-auto size-4 shrink-0 text-ink-3 md:hidden" aria-hidden="true" />
              </Link>
            ))}
          </nav>
        </>
      }
      main={
        <>
          <PaneHeader title={t(`settings.${name}.title`)} onBack={() => void navigate({ to: "/settings" })} />
          <div className="min-h-0 flex-1 overflow-y-auto">
            <Body />
          </div>
        </>
      }
    />
  );
}
