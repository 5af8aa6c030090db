/** How the widget looks on the workspace's sites and what it asks a visitor for, with a picture of it. */

import type { Widget } from "@rapport/client";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { type Tenant, useMay } from "@/session/session";
import { Field, Input, Segmented, Switch, Textarea } from "@/ui";
import { EditForm } from "../EditForm";
import { tenantQuery } from "../queries";
import { Read } from "../Read";
import { useEdit } from "../useEdit";
import { ColorField } from "./ColorField";
import { WidgetPicture } from "./WidgetPicture";

export default function WidgetSettings() {
  const query = useQuery(tenantQuery);
  return <Read query={query}>{(tenant) => (tenant.widget ? <Form tenant={tenant} widget={tenant.widget} /> : null)}</Read>;
}

function Form({ tenant, widget }: { readonly tenant: Tenant; readonly widget: Widget }) {
  const { t } = useTranslation();
  const mayChange = useMay("PERMISSION_TENANT_MANAGE");
  const edit = useEdit<Widget>(widget, async (changes) => {
    const answer = await client.tenants.updateWidget({ ...changes, ifRevision: tenant.revision });
    const { widget: saved, revision } = answer;
    if (saved) queryClient.setQueryData(tenantQuery.queryKey, (before) => before && { ...before, widget: saved, revision });
  });
  const { values, set } = edit;
  const fields = edit.failure?.fields ?? {};
  return (
    <div className="flex max-w-5xl flex-col gap-8 p-4 md:p-6 xl:flex-row">
      <div className="min-w-0 flex-1 xl:max-w-xl">
        <EditForm edit={edit} mayChange={mayChange}>
          <ColorField value={values.color} onChange={(color) => set({ color })} error={fields.color} />
          <div className="flex flex-col items-start gap-1.5">
            <span className="text-sm font-medium">{t("settings.widget.position")}</span>
            <Segmented
              label={t("settings.widget.position")}
              value={values.position}
              onChange={(position) => set({ position })}
              tabs={[
                { value: "WIDGET_POSITION_START", label: t("settings.widget.start") },
                { value: "WIDGET_POSITION_END", label: t("settings.widget.end") },
              ]}
            />
          </div>
          <p className="border-t pt-5 text-sm text-ink-3">{t("settings.widget.ownWords")}</p>
          <Field label={t("settings.widget.launcher")} error={fields.launcherLabel}>
            <Input value={values.launcherLabel} onChange={(event) => set({ launcherLabel: event.target.value })} maxLength={40} />
          </Field>
          <Field label={t("settings.widget.greeting")} error={fields.greeting}>
            <Textarea value={values.greeting} onChange={(event) => set({ greeting: event.target.value })} maxLength={500} />
          </Field>
          <Field label={t("settings.widget.offline")} error={fields.offlineMessage}>
            <Textarea
              value={values.offlineMessage}
              onChange={(event) => set({ offlineMessage: event.target.value })}
              maxLength={500}
            />
          </Field>
          <fieldset className="flex flex-col gap-3">
            <legend className="mb-3 text-sm font-medium">{t("settings.widget.asks")}</legend>
            <Switch
              label={t("settings.widget.askName")}
              checked={values.askName}
              onChange={(askName) => set({ askName })}
              disabled={!mayChange}
            />
            <Switch
              label={t("settings.widget.askEmail")}
              checked={values.askEmail}
              onChange={(askEmail) => set({ askEmail })}
              disabled={!mayChange}
            />
            <Switch
              label={t("settings.widget.askDepartment")}
              hint={t("settings.widget.askDepartmentHint")}
              checked={values.askDepartment}
              onChange={(askDepartment) => set({ askDepartment })}
              disabled={!mayChange}
            />
          </fieldset>
        </EditForm>
      </div>
      <WidgetPicture widget={values} workspace={tenant.name} />
    </div>
  );
}
