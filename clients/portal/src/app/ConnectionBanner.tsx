/** Says when the page is not up to date, and that nothing is lost. Silent about breaks of a moment. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Spinner } from "@/ui";
import { client } from "./client";

const PATIENCE = 1500;

export function ConnectionBanner() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(subscribeOnline, () => navigator.onLine);
  const state = useSyncExternalStore(
    (listener) => client.live.onStatus(listener),
    () => client.live.status.state,
  );
  const opened = useHasBeen(state === "open");
  const broken = useLasting(state === "waiting" || (opened && state === "connecting"), PATIENCE);
  if (online && state === "ended")
    return (
      <Banner>
        {t("connection.ended")}
        <button type="button" className="font-medium underline" onClick={() => client.live.start().catch(() => undefined)}>
          {t("connection.connect")}
        </button>
      </Banner>
    );
  if (online && !broken) return null;
  return (
    <Banner>
      {online && <Spinner />}
      {t(online ? "connection.reconnecting" : "connection.offline")}
    </Banner>
  );
}

function Banner({ children }: { readonly children: React.ReactNode }) {
  return (
    <div
      role="status"
      className="flex shrink-0 items-center justify-center gap-2 border-b bg-warn-soft px-4 py-1.5 text-sm text-warn"
    >
      {children}
    </div>
  );
}

function subscribeOnline(listener: () => void) {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}

/** Whether it has been so at any time. */
function useHasBeen(now: boolean): boolean {
  const [been, setBeen] = useState(now);
  if (now && !been) setBeen(true);
  return been;
}

/** Whether it has been so without a break for that long. */
function useLasting(now: boolean, milliseconds: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!now) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), milliseconds);
    return () => clearTimeout(timer);
  }, [now, milliseconds]);
  return lasting;
}
