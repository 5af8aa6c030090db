/** How this browser shows the portal: appearance, language, keys. */
import { Monitor, Moon, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";
import { chooseTheme, THEMES, useTheme } from "@/app/theme";
import { chooseSingleKeys, useSingleKeys } from "@/commands/registry";
import { useSay } from "@/errors/useSay";
import { chooseLanguage, isLanguage, LANGUAGES } from "@/i18n";
import { canAlert, chooseAlerts, useAlerts } from "@/live/calls";
import { Field, Segmented, Select, Switch } from "@/ui";

const ICONS = { light: <Sun />, dark: <Moon />, system: <Monitor /> };

export function Preferences() {
  const { t, i18n } = useTranslation();
  const theme = useTheme();
  const single = useSingleKeys();
  const say = useSay();
  const alerts = useAlerts();
  const isBlocked = canAlert() && Notification.permission === "denied";
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-col items-start gap-1.5">
        <span className="text-sm font-medium">{t("theme.label")}</span>
        <Segmented
          label={t("theme.label")}
          value={theme}
          onChange={chooseTheme}
          tabs={THEMES.map((value) => ({ value, label: t(`theme.${value}`), icon: ICONS[value] }))}
        />
      </div>
      <Field label={t("profile.language")}>
        <Select
          value={isLanguage(i18n.language) ? i18n.language : "en"}
          onChange={(language) => void chooseLanguage(language).catch(say)}
          choices={Object.entries(LANGUAGES).map(([value, label]) => ({ value: value as keyof typeof LANGUAGES, label }))}
        />
      </Field>
      {canAlert() && (
        <Switch
          label={t("profile.alerts")}
          hint={t(isBlocked ? "profile.alertsBlocked" : "profile.alertsHint")}
          checked={alerts}
          onChange={(wanted) => void chooseAlerts(wanted).catch(say)}
          disabled={isBlocked}
        />
      )}
      <Switch label={t("commands.single")} hint={t("commands.singleHint")} checked={single} onChange={chooseSingleKeys} />
    </div>
  );
}
