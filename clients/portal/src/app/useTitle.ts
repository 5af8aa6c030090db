/** The page's name in the browser's tab, after how often somebody has called while one looked elsewhere. */
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

let title = document.title;
let calls = 0;

function show() {
  document.title = calls > 0 ? `(${calls}) ${title}` : title;
}

export function showCalls(count: number): void {
  calls = count;
  show();
}

export function useTitle(name: string): void {
  const { t } = useTranslation();
  useEffect(() => {
    title = `${name} · ${t("app.name")}`;
    show();
  }, [name, t]);
}
