/** What is read before it is shown: its place while it is read, and why it could not be. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState } from "@/errors/ErrorState";
import { SkeletonRows } from "@/ui";

export interface ReadProps<T> {
  readonly query: UseQueryResult<T>;
  readonly children: (data: NonNullable<T>) => ReactNode;
}

export function Read<T>({ query, children }: ReadProps<T>) {
  const { t } = useTranslation();
  const { data, error, refetch } = query;
  if (data !== undefined && data !== null) return children(data);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return <SkeletonRows label={t("ui.loading")} rows={4} />;
}

/** The column forms stand in. */
export function Column({ children, wide }: { readonly children: ReactNode; readonly wide?: boolean }) {
  return <div className={wide ? "max-w-4xl p-4 md:p-6" : "max-w-xl p-4 md:p-6"}>{children}</div>;
}
