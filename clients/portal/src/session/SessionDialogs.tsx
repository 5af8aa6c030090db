/** What is said over a page whose session is over: sign in again, or begin anew as whoever has signed in. */
import { useTranslation } from "react-i18next";
import { queryClient } from "@/app/query";
import { Button, Dialog } from "@/ui";
import { SignInForm } from "./SignInForm";
import { useSelf } from "./session";

export function SessionReplaced() {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      closable={false}
      onClose={() => undefined}
      title={t("session.replaced.title")}
      description={t("session.replaced.text")}
      actions={
        <Button look="primary" onClick={() => location.reload()}>
          {t("session.replaced.reload")}
        </Button>
      }
    />
  );
}

export function SessionEnded() {
  const { t } = useTranslation();
  const { member, tenant } = useSelf();
  return (
    <Dialog
      open
      closable={false}
      onClose={() => undefined}
      title={t("session.ended.title")}
      description={t("session.ended.text")}
    >
      <SignInForm
        only={{ workspace: tenant.slug, email: member.email }}
        onSignedIn={() => void queryClient.invalidateQueries()}
      />
      <a href={import.meta.env.BASE_URL} className="mt-4 inline-block text-sm text-accent-ink underline">
        {t("session.ended.other")}
      </a>
    </Dialog>
  );
}
