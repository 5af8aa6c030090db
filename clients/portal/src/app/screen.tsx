/** A screen of the portal: fetched when it is first gone to, or at rest before. Without a network it says so where it would stand. */
import { type ComponentType, createElement, type FunctionComponent } from "react";
import { ErrorState } from "@/errors/ErrorState";
import { client } from "./client";
import { type FetchError, Later, later } from "./later";
import { PagePending } from "./pages";

export function screen(load: () => Promise<ComponentType>): FunctionComponent {
  const Part = later(load);
  return function Screen() {
    return (
      <Later fallback={<PagePending />} failed={(error, again) => <ScreenMissing error={error} again={again} />}>
        {createElement(Part)}
      </Later>
    );
  };
}

function ScreenMissing({ error, again }: { readonly error: FetchError; readonly again: () => void }) {
  // The server is there and has it no more: it is newer than this page.
  const isOld = client.live.status.state === "open";
  return <ErrorState whole error={error.reason} onRetry={isOld ? () => location.reload() : again} />;
}
