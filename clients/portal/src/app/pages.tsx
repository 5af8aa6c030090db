/** What is shown in place of a screen: while it is read, where it could not be, where there is none. */
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ErrorState } from "@/errors/ErrorState";
import { EmptyState, Spinner } from "@/ui";

export function PagePending() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("ui.loading")} className="grid h-full place-items-center text-ink-3">
      <Spinner />
    </div>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main className="h-full">
      <ErrorState whole error={error} onRetry={again} />
    </main>
  );
}

export function PageMissing() {
  const { t } = useTranslation();
  return (
    <main className="h-full">
      <EmptyState
        whole
        icon={<SearchX />}
        title={t("missing.title")}
        text={t("missing.text")}
        action={
          <Link to="/inbox" className="text-sm font-medium text-accent-ink underline">
            {t("missing.home")}
          </Link>
        }
      />
    </main>
  );
}
