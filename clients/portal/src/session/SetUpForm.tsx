/** What a new server is told. What was typed stays, whatever the answer. */
import { asError } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { explain } from "@/errors/explain";
import { Button, Field, Input, Notice } from "@/ui";
import { PasswordInput } from "./PasswordInput";
import { rememberWorkspace } from "./session";
import { slugOf } from "./slug";

export function SetUpForm({ token }: { readonly token: string }) {
  const { t, i18n } = useTranslation();
  const [typed, setTyped] = useState({ setupToken: token, name: "", owner: "", email: "", password: "" });
  const [ownSlug, setOwnSlug] = useState<string>();
  const set = (changes: Partial<typeof typed>) => setTyped((before) => ({ ...before, ...changes }));
  const slug = ownSlug ?? slugOf(typed.name);
  const setUp = useMutation({
    async mutationFn() {
      const { setupToken, name, owner, password } = typed;
      const email = typed.email.trim();
      const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
      const enter = () => client.session.signIn({ workspace: slug, email, password });
      try {
        await client.auth.setUp({
          setupToken: setupToken.trim(),
          workspace: { slug, name: name.trim(), locale: i18n.language, timeZone },
          owner: { email, name: owner.trim(), password },
        });
      } catch (thrown) {
        // It may have been this form, whose answer was lost.
        if (asError(thrown).reason !== "SETUP_DONE") throw thrown;
        await enter().catch(() => Promise.reject(thrown));
      }
      rememberWorkspace(slug);
      if (client.session.state.status !== "active") await enter();
    },
  });
  const failure = setUp.error ? explain(t, setUp.error) : undefined;
  const fields = failure?.fields ?? {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!setUp.isPending) setUp.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {failure && <Notice tone="bad">{failure.text}</Notice>}
      <Field label={t("setUp.token")} hint={t("setUp.tokenHint")} error={fields.setupToken}>
        <Input
          value={typed.setupToken}
          onChange={(event) => set({ setupToken: event.target.value })}
          required
          maxLength={100}
          autoFocus={!token}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          className="font-mono"
        />
      </Field>
      <Group title={t("setUp.workspace")}>
        <Field label={t("settings.workspace.name")} hint={t("settings.workspace.nameHint")} error={fields["workspace.name"]}>
          <Input
            value={typed.name}
            onChange={(event) => set({ name: event.target.value })}
            required
            maxLength={100}
            autoFocus={Boolean(token)}
            autoComplete="organization"
          />
        </Field>
        <Field label={t("settings.workspace.slug")} hint={t("settings.workspace.slugHint")} error={fields["workspace.slug"]}>
          <Input
            value={slug}
            onChange={(event) => setOwnSlug(event.target.value.toLowerCase())}
            required
            minLength={3}
            maxLength={40}
            pattern="[a-z0-9\-]+"
            title={t("setUp.slugRule")}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
          />
        </Field>
      </Group>
      <Group title={t("setUp.owner")}>
        <Field label={t("setUp.ownerName")} error={fields["owner.name"]}>
          <Input
            value={typed.owner}
            onChange={(event) => set({ owner: event.target.value })}
            required
            maxLength={100}
            autoComplete="name"
          />
        </Field>
        <Field label={t("signIn.email")} error={fields["owner.email"]}>
          <Input
            type="email"
            value={typed.email}
            onChange={(event) => set({ email: event.target.value })}
            required
            maxLength={254}
            autoComplete="username"
          />
        </Field>
        <Field label={t("signIn.password")} hint={t("settings.members.passwordHint")} error={fields["owner.password"]}>
          <PasswordInput value={typed.password} onChange={(password) => set({ password })} autoComplete="new-password" />
        </Field>
      </Group>
      <Button type="submit" look="primary" size="lg" busy={setUp.isPending} className="mt-2">
        {t("setUp.submit")}
      </Button>
    </form>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-4 border-t pt-4">
      <legend className="sr-only">{title}</legend>
      <p aria-hidden="true" className="text-base font-semibold">
        {title}
      </p>
      {children}
    </fieldset>
  );
}
