/** The page before the portal: its name, what is to be done, and nothing else. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import icon from "@/app/icon.svg";

export interface DoorProps {
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
  /** What else can be done. */
  readonly foot?: ReactNode;
}

export function Door({ title, text, children, foot }: DoorProps) {
  const { t } = useTranslation();
  return (
    <main className="h-full overflow-y-auto bg-canvas">
      <div className="grid min-h-full justify-items-center px-4 py-10 md:place-items-center">
        <div className="w-full max-w-88">
          <div className="mb-6 flex items-center gap-2.5">
            <img src={icon} alt="" className="size-8" />
            <span className="text-lg font-semibold tracking-tight">{t("app.name")}</span>
          </div>
          <h1 className="mb-1 text-xl font-semibold tracking-tight">{title}</h1>
          <p className="mb-6 text-base text-ink-2">{text}</p>
          {children}
          {foot && <div className="mt-8 border-t pt-4 text-sm text-ink-3">{foot}</div>}
        </div>
      </div>
    </main>
  );
}
