/** Something to know before going on: in a form, or above a list. Said aloud where it appears. */
import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "./cx";

const TONES = {
  info: { look: "bg-accent-soft text-accent-ink", Icon: Info },
  warn: { look: "bg-warn-soft text-warn", Icon: TriangleAlert },
  bad: { look: "bg-bad-soft text-bad", Icon: CircleAlert },
};

export interface NoticeProps {
  readonly tone?: keyof typeof TONES | undefined;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

export function Notice({ tone = "info", children, action }: NoticeProps) {
  const { look, Icon } = TONES[tone];
  return (
    <div role={tone === "bad" ? "alert" : "status"} className={cx("flex items-start gap-2 rounded-md px-3 py-2 text-sm", look)}>
      <Icon aria-hidden="true" className="mt-px size-4 shrink-0" />
      <div className="min-w-0 flex-1">{children}</div>
      {action}
    </div>
  );
}
