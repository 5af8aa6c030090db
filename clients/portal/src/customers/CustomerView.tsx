/** A customer, wherever one looks at them. */
import type { Customer } from "@rapport/client";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { Ago } from "@/live/Ago";
import { customerName } from "@/live/names";
import { useMay } from "@/session/session";
import { Avatar, Button, Notice, Skeleton } from "@/ui";
import { customerQuery } from "./customer";
import { EditableField } from "./EditableField";
import { Past } from "./Past";

export interface CustomerViewProps {
  readonly visitorId: string;
  /** What is known before more is read. */
  readonly known?: Customer | undefined;
  /** The chat that is open beside it. */
  readonly chatId?: string | undefined;
}

export function CustomerView({ visitorId, known, chatId }: CustomerViewProps) {
  const { t } = useTranslation();
  const mayChange = useMay("PERMISSION_CUSTOMERS_MANAGE");
  const { data, error, refetch } = useQuery(customerQuery(visitorId));
  const name = customerName(t, data ?? known ?? { customerId: "", visitorId, name: "", email: "" });
  return (
    <div className="min-h-0 flex-1 overflow-y-auto pb-6">
      <div className="flex items-center gap-3 px-4 py-4">
        <Avatar name={name} id={data?.customerId ?? known?.customerId} size="lg" />
        <div className="min-w-0">
          <p className="truncate text-lg font-semibold">{name}</p>
          {data?.lastSeenAt && (
            <p className="text-xs text-ink-3">
              {t("customers.lastSeen")} · <Ago at={data.lastSeenAt} />
            </p>
          )}
        </div>
      </div>
      {error && !data && (
        <div className="px-4 pb-3">
          <Notice
            tone="bad"
            action={
              <Button size="sm" onClick={() => void refetch()}>
                {t("ui.tryAgain")}
              </Button>
            }
          >
            {explain(t, error).text}
          </Notice>
        </div>
      )}
      {data ? (
        <dl className="flex flex-col border-t px-4 py-2 text-sm">
          <EditableField customer={data} field="name" mayChange={mayChange} />
          <EditableField customer={data} field="email" mayChange={mayChange} />
          <Fact label={t("customers.page")}>{data.pageUrl ? <Page url={data.pageUrl} /> : "—"}</Fact>
          <Fact label={t("customers.firstSeen")}>{data.firstSeenAt ? <Ago at={data.firstSeenAt} /> : "—"}</Fact>
          <EditableField customer={data} field="note" mayChange={mayChange} />
        </dl>
      ) : (
        !error && (
          <div role="status" aria-label={t("ui.loading")} className="flex flex-col gap-3 border-t p-4">
            <Skeleton className="h-3.5 w-3/5" />
            <Skeleton className="h-3.5 w-4/5" />
            <Skeleton className="h-3.5 w-2/5" />
          </div>
        )
      )}
      <Past visitorId={visitorId} chatId={chatId} />
    </div>
  );
}

export function Fact({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <div className="flex min-h-8 items-center gap-3 py-1">
      <dt className="w-24 shrink-0 text-ink-3">{label}</dt>
      <dd className="min-w-0 flex-1 truncate text-ink">{children}</dd>
    </div>
  );
}

/** Only an address of the web can be followed: a customer chose it. */
function Page({ url }: { readonly url: string }) {
  const short = url.replace(/^https?:\/\/(www\.)?/, "");
  if (!/^https?:\/\//.test(url)) return short;
  return (
    <a href={url} title={url} target="_blank" rel="noopener noreferrer nofollow" className="text-accent-ink hover:underline">
      {short}
    </a>
  );
}
