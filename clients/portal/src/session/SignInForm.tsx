/** Workspace, address, password. What was typed stays, whatever the answer. */
import { asError } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { explain } from "@/errors/explain";
import { Button, Field, Input, Notice } from "@/ui";
import { PasswordInput } from "./PasswordInput";
import { lastWorkspace, rememberWorkspace } from "./session";

export interface SignInFormProps {
  /** Who has to sign in; anybody where it is left out. */
  readonly only?: { readonly workspace: string; readonly email: string } | undefined;
  /** The workspace that stands there first; the last one of this browser where it is left out. */
  readonly workspace?: string | undefined;
  readonly onSignedIn?: (() => void) | undefined;
}

export function SignInForm({ only, workspace: first = lastWorkspace(), onSignedIn }: SignInFormProps) {
  const { t } = useTranslation();
  const [workspace, setWorkspace] = useState(only?.workspace ?? first);
  const [email, setEmail] = useState(only?.email ?? "");
  const [password, setPassword] = useState("");
  const passwordRef = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: () => client.session.signIn({ workspace: workspace.trim().toLowerCase(), email: email.trim(), password }),
    onSuccess() {
      rememberWorkspace(workspace.trim().toLowerCase());
      onSignedIn?.();
    },
    onError(error) {
      if (asError(error).reason === "CREDENTIALS_WRONG") passwordRef.current?.select();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {signIn.error && <Notice tone="bad">{explain(t, signIn.error).text}</Notice>}
      {!only && (
        <Field label={t("signIn.workspace")} hint={t("signIn.workspaceHint")}>
          <Input
            name="workspace"
            value={workspace}
            onChange={(event) => setWorkspace(event.target.value)}
            required
            maxLength={100}
            autoCapitalize="none"
            autoComplete="organization"
            spellCheck={false}
            autoFocus={!first}
          />
        </Field>
      )}
      <Field label={t("signIn.email")}>
        <Input
          type="email"
          name="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          readOnly={Boolean(only)}
          required
          maxLength={254}
          autoComplete="username"
          autoFocus={!only && Boolean(first)}
        />
      </Field>
      <Field label={t("signIn.password")}>
        <PasswordInput
          ref={passwordRef}
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          autoFocus={Boolean(only)}
        />
      </Field>
      <Button type="submit" look="primary" size="lg" busy={signIn.isPending}>
        {t("signIn.submit")}
      </Button>
    </form>
  );
}
