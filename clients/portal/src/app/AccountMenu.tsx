/** What is behind the member's own corner: how they are shown, how the portal looks, their profile, and the way out. */
import { useMutation } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useOwnStatus } from "@/agents/presence";
import { STATUSES } from "@/agents/status";
import { showHelp } from "@/commands/registry";
import { useSay } from "@/errors/useSay";
import { useMay, useSelf } from "@/session/session";
import { Menu, MenuChoice, MenuItem, MenuLine, MenuTitle, StatusDot } from "@/ui";
import { AccountButton } from "./AccountButton";
import { client } from "./client";
import { chooseTheme, THEMES, useTheme } from "./theme";

const THEME_ICONS = { light: <Sun />, dark: <Moon />, system: <Monitor /> };

export function AccountMenu({ defaultOpen }: { readonly defaultOpen: boolean }) {
  const { t } = useTranslation();
  const router = useRouter();
  const say = useSay();
  const theme = useTheme();
  const { member, tenant } = useSelf();
  const { status, choose } = useOwnStatus();
  const mayChoose = useMay("PERMISSION_PRESENCE_SET");
  const signOut = useMutation({ mutationFn: () => client.session.signOut(), onError: (error) => say(error) });
  return (
    <Menu side="top" align="start" defaultOpen={defaultOpen} trigger={<AccountButton />}>
      <div className="px-2 py-1.5">
        <p className="truncate text-sm font-medium">{member.name}</p>
        <p className="max-w-60 truncate text-xs text-ink-3">{t("account.at", { email: member.email, workspace: tenant.name })}</p>
      </div>
      <MenuLine />
      {mayChoose && (
        <>
          <MenuTitle>{t("status.label")}</MenuTitle>
          <MenuChoice
            value={status}
            onChange={choose}
            choices={STATUSES.map((value) => ({ value, label: t(`status.${value}`), icon: <StatusDot status={value} /> }))}
          />
          <MenuLine />
        </>
      )}
      <MenuTitle>{t("theme.label")}</MenuTitle>
      <MenuChoice
        value={theme}
        onChange={chooseTheme}
        choices={THEMES.map((value) => ({ value, label: t(`theme.${value}`), icon: THEME_ICONS[value] }))}
      />
      <MenuLine />
      <MenuItem icon={<UserRound />} onSelect={() => void router.navigate({ to: "/profile" })}>
        {t("nav.profile")}
      </MenuItem>
      <MenuItem icon={<Keyboard />} keys="?" onSelect={showHelp}>
        {t("commands.help")}
      </MenuItem>
      <MenuItem icon={<LogOut />} onSelect={() => signOut.mutate()}>
        {t("account.signOut")}
      </MenuItem>
    </Menu>
  );
}
