/**
 * What happens when the session is over. Where it ended by itself the same member signs in again over the page, which stays with all that
 * was typed. Where somebody else has signed in in another tab, the page begins anew as theirs. Signed out is signed out.
 */
import type { SessionState } from "@rapport/client";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Later, later } from "@/app/later";
import { dropDrafts } from "./drafts";
import { useSelf, useSession } from "./session";

const SessionEnded = later(async () => (await import("./SessionDialogs")).SessionEnded);
const SessionReplaced = later(async () => (await import("./SessionDialogs")).SessionReplaced);

export function SessionGuard() {
  const router = useRouter();
  const session = useSession();
  const { member } = useSelf();
  const lost = usePrincipalChange(session, member.memberId);
  const reason = session.status === "over" ? session.error?.reason : undefined;
  const signedOut = session.status === "over" && !reason;

  useEffect(() => {
    if (!signedOut) return;
    dropDrafts();
    void router.navigate({ to: "/sign-in", replace: true });
  }, [signedOut, router]);

  return <Later>{reason === "SESSION_REPLACED" || lost ? <SessionReplaced /> : reason !== undefined && <SessionEnded />}</Later>;
}

/** Whether the session has become another member's under this page. */
function usePrincipalChange(session: SessionState, memberId: string): boolean {
  const [changed, setChanged] = useState(false);
  if (!changed && session.status === "active" && session.principal !== memberId) setChanged(true);
  return changed;
}
