/** Every address of the portal. A screen is loaded when it is first gone to. */
import { createRootRoute, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";
import { inboxSearch } from "@/inbox/search";
import { signInSearch } from "@/session/search";
import { resume, selfQuery } from "@/session/session";
import { ticketsSearch } from "@/tickets/search";
import { Frame } from "./Frame";
import { PageError, PageMissing, PagePending } from "./pages";
import { queryClient } from "./query";
import { screen } from "./screen";

const root = createRootRoute({
  component: Outlet,
  errorComponent: PageError,
  notFoundComponent: PageMissing,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: signInSearch,
  async beforeLoad({ search: { next = "/" } }) {
    // A server that cannot be reached says so when the form is sent.
    if (await resume().catch(() => false)) throw redirect({ to: next, replace: true });
  },
  component: screen(async () => (await import("@/session/SignInPage")).SignInPage),
});

/** Of a server that has no workspace yet; whether it has one it tells only who has its token. */
const setUp = createRoute({
  getParentRoute: () => root,
  path: "/set-up",
  component: screen(async () => (await import("@/session/SetUpPage")).SetUpPage),
});

/** Everything that needs a member. */
const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  async beforeLoad({ location }) {
    if (!(await resume())) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  loader: () => queryClient.ensureQueryData(selfQuery),
  staleTime: Number.POSITIVE_INFINITY,
  pendingComponent: PagePending,
  component: Frame,
});

const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad() {
    throw redirect({ to: "/inbox", replace: true });
  },
});

const inbox = createRoute({
  getParentRoute: () => frame,
  path: "/inbox",
  validateSearch: inboxSearch,
  component: screen(async () => (await import("@/inbox/InboxPage")).InboxPage),
});

/** The inbox with one chat; the page stays, and reads the id of the address. */
const inboxChat = createRoute({ getParentRoute: () => inbox, path: "$chatId" });

const tickets = createRoute({
  getParentRoute: () => frame,
  path: "/tickets",
  validateSearch: ticketsSearch,
  component: screen(async () => (await import("@/tickets/TicketsPage")).TicketsPage),
});

const ticket = createRoute({ getParentRoute: () => tickets, path: "$ticketId" });

const customers = createRoute({
  getParentRoute: () => frame,
  path: "/customers",
  component: screen(async () => (await import("@/customers/CustomersPage")).CustomersPage),
});

const customer = createRoute({ getParentRoute: () => customers, path: "$customerId" });

const agents = createRoute({
  getParentRoute: () => frame,
  path: "/agents",
  component: screen(async () => (await import("@/agents/AgentsPage")).AgentsPage),
});

const profile = createRoute({
  getParentRoute: () => frame,
  path: "/profile",
  component: screen(async () => (await import("@/profile/ProfilePage")).ProfilePage),
});

const settings = createRoute({
  getParentRoute: () => frame,
  path: "/settings",
  component: screen(async () => (await import("@/settings/SettingsPage")).SettingsPage),
});

/** One of the settings' pages; without one a phone shows their list. */
const settingsPage = createRoute({ getParentRoute: () => settings, path: "$page" });

const routeTree = root.addChildren([
  signIn,
  setUp,
  frame.addChildren([
    home,
    inbox.addChildren([inboxChat]),
    tickets.addChildren([ticket]),
    customers.addChildren([customer]),
    agents,
    profile,
    settings.addChildren([settingsPage]),
  ]),
]);

export const router = createRouter({
  routeTree,
  basepath: import.meta.env.BASE_URL,
  defaultPreload: "intent",
  defaultPendingMs: 300,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageError,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
