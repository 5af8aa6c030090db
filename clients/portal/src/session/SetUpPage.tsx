/** The first door of a new server: the token it has printed, the workspace, its owner; then one is in. */
import { Link, Navigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useTitle } from "@/app/useTitle";
import { Door } from "./Door";
import { SetUpForm } from "./SetUpForm";
import { useSession } from "./session";

/** What `#token=…` in the address says. A fragment is sent to nobody. */
const given = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";

export function SetUpPage() {
  const { t } = useTranslation();
  useTitle(t("setUp.title"));
  const { status } = useSession();
  // It opens the whole server: it is not to stay in the history.
  useEffect(() => {
    if (location.hash) history.replaceState(history.state, "", location.pathname);
  }, []);
  if (status === "active") return <Navigate to="/inbox" replace />;
  return (
    <Door
      title={t("setUp.title")}
      text={t("setUp.text")}
      foot={
        <Link to="/sign-in" className="font-medium text-accent-ink hover:underline">
          {t("setUp.signIn")}
        </Link>
      }
    >
      <SetUpForm token={given} />
    </Door>
  );
}
