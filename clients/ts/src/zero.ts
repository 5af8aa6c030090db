/** Canonical JSON leaves zero values out (`""`, `0`, `false`, `[]`); what this client gives has them. */

type Scalar = string | number | boolean | readonly never[] | Readonly<Record<string, never>> | undefined;

/** The zero values of a message: of a field, or of a field and of the messages in it. */
export type Zero = { readonly [field: string]: Exclude<Scalar, readonly never[]> | readonly [] | readonly [Scalar, () => Zero] };

/** The answer with everything in it that its type says is there. */
export function fill(zero: Zero, json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const filled: Record<string, unknown> = { ...json };
  for (const [field, rule] of Object.entries(zero)) {
    const [empty, inner] =
      Array.isArray(rule) && rule.length === 2 ? (rule as [Scalar, () => Zero]) : [rule as Scalar, undefined];
    // A list of its own: whoever gets the answer may put something into it.
    const value = json[field] ?? (typeof empty === "object" ? structuredClone(empty) : empty);
    if (value === undefined) continue;
    filled[field] = inner ? inside(inner(), value) : value;
  }
  return filled;
}

function inside(zero: Zero, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => inside(zero, each));
  return typeof value === "object" && value !== null ? fill(zero, value as Record<string, unknown>) : value;
}
