// Builds dist/: the loader under a name that stays, the frame's document with its hashed script and style; and fails where one of them
// has grown beyond its budget.
//   node build.js
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BUDGETS = { loader: 5 * 1024, app: 40 * 1024 };
/** @param {string} path */
const here = (path) => new URL(path, import.meta.url).pathname;
/** @type {import("esbuild").BuildOptions & { write: false }} */
const common = {
  bundle: true,
  minify: true,
  write: false,
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: here("."),
};

const [loader, app, style, page] = await Promise.all([
  build({ ...common, entryPoints: ["src/loader/loader.ts"], format: "iife" }).then(textOf),
  build({ ...common, entryPoints: ["src/app/main.tsx"], format: "esm", jsx: "automatic", jsxImportSource: "preact" }).then(
    textOf,
  ),
  build({ ...common, entryPoints: ["src/app/style.css"] }).then(textOf),
  readFile(here("src/app/index.html"), "utf8"),
]);

await rm(here("dist"), { recursive: true, force: true });
await mkdir(here("dist/widget/assets"), { recursive: true });
const [script, sheet] = await Promise.all([asset("app", "js", app), asset("app", "css", style)]);
await writeFile(here("dist/widget/index.html"), page.replace("{{script}}", script).replace("{{style}}", sheet));
await writeFile(here("dist/widget.js"), loader);

let isOver = false;
for (const { name, budget, texts } of [
  { name: "loader", budget: BUDGETS.loader, texts: [loader] },
  { name: "app", budget: BUDGETS.app, texts: [app, style] },
]) {
  const size = texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  process.stdout.write(`${name}: ${size} of ${budget} bytes in gzip\n`);
  isOver ||= size > budget;
}
if (isOver) {
  process.stderr.write("the widget is over its budget\n");
  process.exitCode = 1;
}

/** @param {import("esbuild").BuildResult<{ write: false }>} result */
function textOf({ outputFiles }) {
  return outputFiles[0]?.text ?? "";
}

/**
 * Writes it under a name made from its content, so that it may be kept for ever; gives the name as the page has it.
 * @param {string} name
 * @param {string} ext
 * @param {string} text
 */
async function asset(name, ext, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const path = `assets/${name}-${hash}.${ext}`;
  await writeFile(here(`dist/widget/${path}`), text);
  return path;
}
