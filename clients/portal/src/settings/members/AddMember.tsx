/** Adds a person to the workspace with a first password. */
import { uuid } from "@rapport/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type RoleName, roleWord } from "@/agents/status";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { explain } from "@/errors/explain";
import { PasswordInput } from "@/session/PasswordInput";
import { Field, Input, toast } from "@/ui";
import { FormDialog } from "../FormDialog";
import { membersQuery } from "../queries";
import { RoleSelect } from "./RoleSelect";

interface Typed {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly role: RoleName;
  /** The same over every try with the same content, so that a lost answer makes nobody twice. */
  readonly requestId: string;
}

const nothing = (): Typed => ({ name: "", email: "", password: "", role: "agent", requestId: uuid() });

export function AddMember({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(nothing);
  const set = (changes: Partial<Typed>) => setTyped((before) => ({ ...before, ...changes, requestId: uuid() }));
  const adding = useMutation({
    mutationFn: () => client.tenants.createMember({ ...typed, email: typed.email.trim(), role: roleWord(typed.role) }),
    onSuccess() {
      void queryClient.invalidateQueries({ queryKey: membersQuery.queryKey });
      toast({ text: t("settings.members.added", { name: typed.name }), tone: "good" });
      setTyped(nothing());
      onClose();
    },
  });
  const failure = adding.error ? explain(t, adding.error) : undefined;
  const fields = failure?.fields ?? {};
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title={t("settings.members.add")}
      description={t("settings.members.addText")}
      submitLabel={t("settings.members.add")}
      busy={adding.isPending}
      failure={failure}
      onSubmit={() => adding.mutate()}
    >
      <Field label={t("settings.members.name")} hint={t("settings.members.nameHint")} error={fields.name}>
        <Input
          value={typed.name}
          onChange={(event) => set({ name: event.target.value })}
          required
          maxLength={100}
          autoComplete="off"
        />
      </Field>
      <Field label={t("settings.members.email")} error={fields.email}>
        <Input
          type="email"
          value={typed.email}
          onChange={(event) => set({ email: event.target.value })}
          required
          maxLength={254}
          autoComplete="off"
        />
      </Field>
      <RoleSelect value={typed.role} onChange={(role) => set({ role })} error={fields.role} />
      <Field label={t("settings.members.password")} hint={t("settings.members.passwordHint")} error={fields.password}>
        <PasswordInput value={typed.password} onChange={(password) => set({ password })} autoComplete="new-password" />
      </Field>
    </FormDialog>
  );
}
