/** Who is there, from the stream that tells it: a snapshot first, then each change. Whoever was not named is offline. */
import type { MemberPresence, Role } from "@rapport/client";
import type { Status } from "@/ui";
import { statusOf } from "./status";

export interface Present {
  readonly memberId: string;
  readonly name: string;
  readonly role: Role;
  readonly status: Status;
  readonly since: string | undefined;
}

export type People = ReadonlyMap<string, Present>;

export class Board {
  #people: People = new Map();
  /** What a snapshot under way has named; it takes the place of what was known when it is whole. */
  #snapshot: Map<string, Present> | undefined = new Map();

  get people(): People {
    return this.#people;
  }

  /** Whether a whole snapshot has been read. */
  get isKnown(): boolean {
    return this.#snapshot === undefined;
  }

  /** The stream begins anew: what is known stays until it is told again. */
  restart(): void {
    this.#snapshot = new Map();
  }

  take(members: readonly MemberPresence[], snapshotEnd: boolean): void {
    const into = this.#snapshot ?? new Map(this.#people);
    for (const member of members) into.set(member.memberId, present(member));
    if (this.#snapshot && !snapshotEnd) return;
    this.#people = into;
    this.#snapshot = undefined;
  }
}

function present({ memberId, name, role, status, since }: MemberPresence): Present {
  return { memberId, name, role, status: statusOf(status), since: since || undefined };
}
