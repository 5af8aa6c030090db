/** The workspace's name, its language and its time. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { type Tenant, useMay } from "@/session/session";
import { Field, Input, Select } from "@/ui";
import { EditForm } from "../EditForm";
import { tenantQuery } from "../queries";
import { Column, Read } from "../Read";
import { useEdit } from "../useEdit";

/** What a workspace's default language is chosen from; one that is set already is added. */
const LOCALES = ["en", "es", "de", "fr", "it", "nl", "pl", "pt", "pt-BR", "ja", "ko", "zh", "ar", "he"];

export default function WorkspaceSettings() {
  const query = useQuery(tenantQuery);
  return <Read query={query}>{(tenant) => <Form tenant={tenant} />}</Read>;
}

function Form({ tenant }: { readonly tenant: Tenant }) {
  const { t, i18n } = useTranslation();
  const mayChange = useMay("PERMISSION_TENANT_MANAGE");
  const { name, locale, timeZone, revision } = tenant;
  const edit = useEdit({ name, locale, timeZone }, async (changes) => {
    const answer = await client.tenants.updateTenant({ ...changes, ifRevision: revision });
    queryClient.setQueryData(tenantQuery.queryKey, answer.tenant);
  });
  const locales = useMemo(() => {
    const names = new Intl.DisplayNames([i18n.language], { type: "language" });
    return [...new Set([locale, ...LOCALES])]
      .map((value) => ({ value, label: names.of(value) ?? value }))
      .sort((a, b) => a.label.localeCompare(b.label, i18n.language));
  }, [locale, i18n.language]);
  const fields = edit.failure?.fields ?? {};
  return (
    <Column>
      <EditForm edit={edit} mayChange={mayChange}>
        <Field label={t("settings.workspace.name")} hint={t("settings.workspace.nameHint")} error={fields.name}>
          <Input value={edit.values.name} onChange={(event) => edit.set({ name: event.target.value })} required maxLength={100} />
        </Field>
        <Field label={t("settings.workspace.slug")} hint={t("settings.workspace.slugHint")}>
          <Input value={tenant.slug} readOnly disabled />
        </Field>
        <Field label={t("settings.workspace.locale")} hint={t("settings.workspace.localeHint")} error={fields.locale}>
          <Select
            value={edit.values.locale}
            onChange={(next) => edit.set({ locale: next })}
            choices={locales}
            disabled={!mayChange}
          />
        </Field>
        <Field label={t("settings.workspace.timeZone")} hint={t("settings.workspace.timeZoneHint")} error={fields.timeZone}>
          <Input
            value={edit.values.timeZone}
            onChange={(event) => edit.set({ timeZone: event.target.value })}
            list="time-zones"
            required
            autoComplete="off"
            spellCheck={false}
          />
        </Field>
        <datalist id="time-zones">
          {["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </EditForm>
    </Column>
  );
}
