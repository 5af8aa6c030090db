/** The client of this widget: the services a customer uses, as a visitor. */
import { chats, createClient, tenants, tickets, visitorSession } from "@rapport/client/light";

export function connect(workspace: string) {
  return createClient(
    { chats, tenants, tickets },
    { session: visitorSession({ workspace }), name: `rapport-widget-${workspace}` },
  );
}

export type WidgetClient = ReturnType<typeof connect>;
