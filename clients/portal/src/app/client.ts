/** The one client of the page: its session, its live connection, its queue. */
import { createClient, memberSession } from "@rapport/client";

export const client = createClient({ session: memberSession() });
