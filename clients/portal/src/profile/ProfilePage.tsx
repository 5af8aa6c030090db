/** The member's own: name, password, how this browser shows the portal. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { PaneHeader, Panes } from "@/app/Panes";
import { useTitle } from "@/app/useTitle";
import { NameForm } from "./NameForm";
import { PasswordForm } from "./PasswordForm";
import { Preferences } from "./Preferences";

export function ProfilePage() {
  const { t } = useTranslation();
  useTitle(t("nav.profile"));
  return (
    <Panes
      active="list"
      main={
        <>
          <PaneHeader title={t("nav.profile")} />
          <div className="min-h-0 flex-1 overflow-y-auto">
            <div className="flex max-w-3xl flex-col divide-y divide-line px-4 md:px-6">
              <Part title={t("profile.you")} text={t("profile.youText")}>
                <NameForm />
              </Part>
              <Part title={t("profile.password")} text={t("profile.passwordText")}>
                <PasswordForm />
              </Part>
              <Part title={t("profile.browser")} text={t("profile.browserText")}>
                <Preferences />
              </Part>
            </div>
          </div>
        </>
      }
    />
  );
}

function Part({ title, text, children }: { readonly title: string; readonly text: string; readonly children: ReactNode }) {
  return (
    <section className="grid gap-x-8 gap-y-4 py-6 md:grid-cols-[14rem_1fr]">
      <div>
        <h2 className="text-base font-semibold">{title}</h2>
        <p className="mt-1 text-sm text-ink-3">{text}</p>
      </div>
      <div className="min-w-0 max-w-md">{children}</div>
    </section>
  );
}
