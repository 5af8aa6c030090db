/** The door. Who has a session already goes straight through. */
import { Link, Navigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { useTitle } from "@/app/useTitle";
import { Door } from "./Door";
import { SignInForm } from "./SignInForm";
import { useSession } from "./session";

export function SignInPage() {
  const { t } = useTranslation();
  useTitle(t("signIn.title"));
  const { next = "/", workspace } = useSearch({ from: "/sign-in" });
  const { status } = useSession();
  // Nothing that was read before is for whoever comes now. Not when they are there: the next page reads already.
  useEffect(() => {
    if (client.session.state.status !== "active") queryClient.clear();
  }, []);
  if (status === "active") return <Navigate to={next} replace />;
  return (
    <Door
      title={t("signIn.title")}
      text={t("signIn.text")}
      foot={
        <Link to="/set-up" className="hover:text-ink hover:underline">
          {t("signIn.setUp")}
        </Link>
      }
    >
      <SignInForm workspace={workspace} />
    </Door>
  );
}
