/** What a visitor will see, as it is being set: the widget's panel in its own words, and its button. */
import type { Widget } from "@rapport/client";
import { MessageCircle } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { cx, Segmented } from "@/ui";
import { en } from "../../../../widget/src/app/texts/en";
import { es } from "../../../../widget/src/app/texts/es";
import { inkOn, isColor } from "./color";

export interface WidgetPictureProps {
  readonly widget: Widget;
  readonly workspace: string;
}

export function WidgetPicture({ widget, workspace }: WidgetPictureProps) {
  const { t, i18n } = useTranslation();
  const [when, show] = useState<"here" | "away">("here");
  const words = i18n.language === "es" ? es : en;
  const isAway = when === "away";
  const color = isColor(widget.color) ? widget.color : "#2563eb";
  const accent = { background: color, color: inkOn(color) };
  const start = widget.position === "WIDGET_POSITION_START";
  return (
    <figure className="w-full max-w-80 shrink-0 self-center xl:sticky xl:top-6 xl:self-start">
      <figcaption className="mb-2 flex flex-wrap items-center justify-between gap-2 text-xs text-ink-3">
        {t("settings.widget.picture")}
        <Segmented
          label={t("settings.widget.picture")}
          value={when}
          onChange={show}
          tabs={[
            { value: "here", label: t("settings.widget.here") },
            { value: "away", label: t("settings.widget.away") },
          ]}
        />
      </figcaption>
      <div className={cx("flex flex-col gap-3 rounded-xl border bg-sunken p-4", start ? "items-start" : "items-end")}>
        <div className="w-full overflow-hidden rounded-2xl bg-raised shadow-raised">
          <div className="flex max-h-72 flex-col overflow-hidden px-5 pt-4 pb-12 break-words" style={accent}>
            <p className="text-xs font-semibold">{workspace}</p>
            <p className="mt-3 text-xl leading-tight font-bold text-balance whitespace-pre-wrap">
              {isAway ? words.awayTitle : widget.greeting || words.hello}
            </p>
            <p className="mt-1.5 text-xs whitespace-pre-wrap">
              {isAway ? widget.offlineMessage || words.awayLine : words.helloLine}
            </p>
            <p className="mt-2.5 flex items-center gap-1.5 text-xs">
              <span className={cx("size-1.5 rounded-full border border-current", !isAway && "bg-current")} aria-hidden="true" />
              {isAway ? words.teamAway : words.teamHere}
            </p>
          </div>
          <div className="relative mx-3 -mt-8 mb-3 flex flex-col gap-2.5 rounded-xl border bg-raised p-3.5">
            {widget.askName && <Asked label={words.name} />}
            {(widget.askEmail || isAway) && <Asked label={words.email} />}
            {widget.askDepartment && <Asked label={words.department} />}
            <Asked label={words.message} className="h-14">
              {words.messageHint}
            </Asked>
            <span className="rounded-lg px-3 py-2 text-center text-sm font-semibold" style={accent}>
              {isAway ? words.sendTicket : words.startChat}
            </span>
          </div>
        </div>
        <span
          className="inline-flex h-12 max-w-full min-w-12 items-center justify-center gap-2 rounded-full px-3 text-sm font-semibold shadow-raised"
          style={accent}
        >
          <MessageCircle className="size-5.5 shrink-0" aria-hidden="true" />
          {widget.launcherLabel && <span className="truncate pr-1">{widget.launcherLabel}</span>}
        </span>
      </div>
    </figure>
  );
}

/** Of a field, its place only. */
function Asked({ label, className = "h-8", children }: { label: string; className?: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <span className="text-xs text-ink-2">{label}</span>
      <span className={cx("rounded-md border border-line-strong px-2.5 py-1.5 text-xs text-ink-3", className)}>{children}</span>
    </div>
  );
}
