/** The places of the portal: a rail of icons, on a phone a bar that leaves while one thing is read. */
import { Link } from "@tanstack/react-router";
import { Contact, Inbox, type LucideIcon, Settings, TicketCheck, Users } from "lucide-react";
import { useTranslation } from "react-i18next";
import { tip } from "@/ui";
import { Account } from "./Account";

export interface Place {
  readonly to: "/inbox" | "/tickets" | "/customers" | "/agents" | "/settings";
  readonly name: string;
  readonly keys: string;
  readonly Icon: LucideIcon;
}

export const PLACES: readonly Place[] = [
  { to: "/inbox", name: "nav.inbox", keys: "g i", Icon: Inbox },
  { to: "/tickets", name: "nav.tickets", keys: "g t", Icon: TicketCheck },
  { to: "/customers", name: "nav.customers", keys: "g c", Icon: Contact },
  { to: "/agents", name: "nav.agents", keys: "g a", Icon: Users },
  { to: "/settings", name: "nav.settings", keys: "g s", Icon: Settings },
];

export function Navigation() {
  const { t } = useTranslation();
  return (
    <nav
      aria-label={t("nav.label")}
      className="flex h-[calc(3.5rem+env(safe-area-inset-bottom))] shrink-0 items-center justify-around border-t bg-canvas px-1 pb-[env(safe-area-inset-bottom)] group-has-data-[pane=aside]/frame:hidden group-has-data-[pane=main]/frame:hidden md:h-auto md:w-14 md:flex-col md:justify-start md:gap-1 md:border-t-0 md:border-r md:py-2 md:group-has-data-[pane=aside]/frame:flex md:group-has-data-[pane=main]/frame:flex"
    >
      {PLACES.map(({ to, name, keys, Icon }) => (
        <Link
          key={to}
          to={to}
          aria-label={t(name)}
          {...tip({ text: t(name), keys, side: "right" })}
          className="flex h-12 min-w-0 flex-1 flex-col items-center justify-center gap-0.5 rounded-lg text-ink-3 transition-colors hover:text-ink data-[status=active]:text-accent-ink md:size-10 md:flex-none md:hover:bg-hover md:data-[status=active]:bg-selected md:data-[status=active]:text-ink"
        >
          <Icon className="size-5" strokeWidth={1.75} aria-hidden="true" />
          <span aria-hidden="true" className="max-w-full truncate text-[0.65rem] leading-none tracking-tight md:hidden">
            {t(name)}
          </span>
        </Link>
      ))}
      <div className="flex shrink-0 justify-center max-md:w-14 md:mt-auto">
        <Account />
      </div>
    </nav>
  );
}
