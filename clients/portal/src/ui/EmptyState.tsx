/** Nothing is here, and what to do about it. */
import type { ReactNode } from "react";

export interface EmptyStateProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text?: string | undefined;
  readonly action?: ReactNode;
  /** Where it is the whole page: its title is the page's heading. */
  readonly whole?: boolean | undefined;
}

export function EmptyState({ icon, title, text, action, whole }: EmptyStateProps) {
  const Title = whole ? "h1" : "p";
  return (
    <div className="grid h-full min-h-48 place-items-center p-6">
      <div className="flex max-w-80 flex-col items-center gap-1 text-center">
        <span
          className="mb-2 grid size-10 place-items-center rounded-full bg-selected text-ink-2 [&_svg]:size-5"
          aria-hidden="true"
        >
          {icon}
        </span>
        <Title className="text-base font-medium text-ink">{title}</Title>
        {text && <p className="text-sm text-ink-3">{text}</p>}
        {action && <div className="mt-3">{action}</div>}
      </div>
    </div>
  );
}
