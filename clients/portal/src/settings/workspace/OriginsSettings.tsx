/** The sites whose pages may call the workspace from a browser: where the widget may stand. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { type Tenant, useMay } from "@/session/session";
import { Field, Textarea } from "@/ui";
import { EditForm } from "../EditForm";
import { tenantQuery } from "../queries";
import { Column, Read } from "../Read";
import { useEdit } from "../useEdit";
import { originsOf, refused } from "./origins";
import { Snippet } from "./Snippet";

export default function OriginsSettings() {
  const query = useQuery(tenantQuery);
  return <Read query={query}>{(tenant) => <Form tenant={tenant} />}</Read>;
}

function Form({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useTranslation();
  const mayChange = useMay("PERMISSION_TENANT_MANAGE");
  const edit = useEdit({ text: tenant.allowedOrigins.join("\n") }, async (_, { text }) => {
    const answer = await client.tenants.updateTenant({
      allowedOrigins: { origins: originsOf(text) },
      ifRevision: tenant.revision,
    });
    queryClient.setQueryData(tenantQuery.queryKey, answer.tenant);
  });
  const [wrong] = refused(edit.values.text);
  const error = wrong ? t("settings.origins.wrong", { origin: wrong }) : Object.values(edit.failure?.fields ?? {})[0];
  return (
    <Column>
      <EditForm edit={wrong ? { ...edit, save: () => undefined } : edit} mayChange={mayChange}>
        <p className="text-base text-ink-2">{t("settings.origins.text")}</p>
        <Field label={t("settings.origins.label")} hint={t("settings.origins.hint")} error={error}>
          <Textarea
            value={edit.values.text}
            onChange={(event) => edit.set({ text: event.target.value })}
            rows={5}
            spellCheck={false}
            autoCapitalize="none"
            className="font-mono"
          />
        </Field>
      </EditForm>
      <Snippet />
    </Column>
  );
}
