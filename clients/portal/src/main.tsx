/** Where the page begins. */
import "./styles.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";
import { FetchError, fetchWhere, Later, later } from "./app/later";
import { queryClient } from "./app/query";
import { reachable } from "./app/reachable";
import { router } from "./app/routes";
import { startTheme } from "./app/theme";
import { i18n, startLanguage } from "./i18n";

const Toasts = later(async () => (await import("./ui/Toasts")).Toasts);
const Tips = later(async () => (await import("./ui/Tips")).Tips);

fetchWhere(reachable);
startTheme();
await startLanguage();

const place = document.getElementById("app");
if (!place) throw new Error("the page has no #app");
createRoot(place, {
  onCaughtError(error) {
    // What could not be fetched is told where it would stand.
    if (!(error instanceof FetchError)) console.error(error);
  },
}).render(
  <StrictMode>
    <I18nextProvider i18n={i18n}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Later>
          <Toasts />
        </Later>
        <Later>
          <Tips />
        </Later>
      </QueryClientProvider>
    </I18nextProvider>
  </StrictMode>,
);
