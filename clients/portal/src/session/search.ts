/** What the address of the sign-in says. */
export interface SignInSearch {
  /** The page one came for. */
  readonly next?: string;
  /** The workspace to sign in to. */
  readonly workspace?: string;
}

export function signInSearch({ next, workspace }: Record<string, unknown>): SignInSearch {
  return {
    // Only an address of this portal is gone back to.
    ...(typeof next === "string" && /^\/(?![/\\])/.test(next) && { next }),
    ...(typeof workspace === "string" && { workspace }),
  };
}
