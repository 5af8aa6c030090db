/** What a form must have before it is sent; the server judges the same, and last. */
import type { Key } from "../texts/index";
import type { Form } from "./desk";

export interface Needs {
  readonly name: boolean;
  readonly email: boolean;
}

/** As many characters as the contract allows in a message. */
export const LONGEST = 8_000;

/** The same of a comment. */
export const LONGEST_COMMENT = 10_000;

/** The fields that are not right, in the order of the form. */
export function missing({ name, email, text }: Form, needs: Needs): Map<keyof Form, Key> {
  const faults = new Map<keyof Form, Key>();
  if (needs.name && name.trim() === "") faults.set("name", "needName");
  if (needs.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/u.test(email.trim())) faults.set("email", "needEmail");
  if (text.trim() === "") faults.set("text", "needText");
  else if (lengthOf(text) > LONGEST) faults.set("text", "faultTooLong");
  return faults;
}

/** In characters as the server counts them: code points, not halves of them. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _character of text) length += 1;
  return length;
}
