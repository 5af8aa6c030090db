/** What every screen stands in: navigation at the left (on a phone below), banners above, the screen itself. */
import { Outlet } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { CommandLayer } from "@/commands/CommandLayer";
import { PaneBoundary } from "@/errors/PaneBoundary";
import { useLive } from "@/live/useLive";
import { SessionGuard } from "@/session/SessionGuard";
import { followSettings } from "@/settings/queries";
import { ConnectionBanner } from "./ConnectionBanner";
import { fetchLater } from "./later";
import { Navigation } from "./Navigation";

export function Frame() {
  const { t } = useTranslation();
  useLive();
  useEffect(followSettings, []);
  useEffect(fetchLater, []);
  return (
    <div className="group/frame flex h-full flex-col-reverse md:flex-row">
      <a
        href="#screen"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        {t("nav.skip")}
      </a>
      <Navigation />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <ConnectionBanner />
        <main id="screen" tabIndex={-1} className="min-h-0 flex-1 outline-none">
          <PaneBoundary>
            <Outlet />
          </PaneBoundary>
        </main>
      </div>
      <CommandLayer />
      <SessionGuard />
    </div>
  );
}
