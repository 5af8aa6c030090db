/** What the code says about texts, read from its syntax. For the test of the translations. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "vite";

export interface Source {
  readonly path: string;
  /** Keys that `t` is called with. */
  readonly asked: readonly string[];
  /** Every string, among them keys that are passed around. */
  readonly strings: ReadonlySet<string>;
  /** Keys that are put together, as what they match. */
  readonly patterns: readonly RegExp[];
  /** Texts in markup that people would read untranslated. */
  readonly literals: readonly string[];
}

/** Attributes whose text is read or spoken. */
const READ = new Set(["alt", "aria-label", "description", "label", "placeholder", "text", "title", "hint"]);
const LETTERS = /\p{L}{2}/u;

export function readSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.ts$|^i18n\/(sources|flatten)/.test(path))
    .map((path) => read(join(folder, path), path));
}

function read(file: string, path: string): Source {
  const { program, errors } = parseSync(file, readFileSync(file, "utf8"));
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const asked: string[] = [];
  const strings = new Set<string>();
  const patterns: RegExp[] = [];
  const literals: string[] = [];
  const text = (value: unknown) => {
    if (typeof value === "string" && LETTERS.test(value)) literals.push(value.trim());
  };
  new Visitor({
    Literal(node) {
      if (typeof node.value === "string") strings.add(node.value);
    },
    TemplateLiteral(node) {
      const parts = node.quasis.map(({ value }) => (value.cooked ?? "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      // A key that is put together begins with where it stands.
      if (/^\w+\\\./.test(parts[0] ?? "")) patterns.push(new RegExp(`^${parts.join("[^.]+")}$`));
    },
    CallExpression(node) {
      const { callee } = node;
      const [first] = node.arguments;
      if (callee.type !== "Identifier" || callee.name !== "t" || !first) return;
      asked.push(...keysOf(first));
    },
    JSXText(node) {
      text(node.value);
    },
    JSXExpressionContainer(node) {
      if (node.expression.type === "Literal") text(node.expression.value);
    },
    JSXAttribute(node) {
      const { name, value } = node;
      if (name.type !== "JSXIdentifier" || !READ.has(name.name)) return;
      if (value?.type === "Literal") text(value.value);
    },
  }).visit(program);
  return { path, asked, strings, patterns, literals };
}

interface Node {
  readonly type: string;
}

/** The keys an argument can be: a text, or one of two. */
function keysOf(node: Node): string[] {
  if (node.type === "Literal") return [String((node as Node & { value: unknown }).value)];
  if (node.type !== "ConditionalExpression") return [];
  const { consequent, alternate } = node as Node & { consequent: Node; alternate: Node };
  return [...keysOf(consequent), ...keysOf(alternate)];
}
