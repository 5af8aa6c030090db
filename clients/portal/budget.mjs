// Fails the build where the first load has more script than its budget: everything the entry imports, directly or not, without what is
// loaded on demand.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET = 250 * 1024;
const dist = resolve(import.meta.dirname, "dist");
const manifest = JSON.parse(readFileSync(resolve(dist, ".vite/manifest.json"), "utf8"));
const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);

/** All that is loaded with a chunk. */
function withImports(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const next of manifest[name].imports ?? []) withImports(next, found);
  return found;
}

/** What a person waits for at a page: the entry, the frame, and the largest page of those loaded on demand. */
const gzipped = (names) =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(resolve(dist, manifest[name].file))).length, 0);
const first = withImports(entry);
const pages = Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry && manifest[name].file.endsWith(".js"));
const largest = pages
  .map((name) => ({ name, size: gzipped(withImports(name, new Set(first))) }))
  .sort((a, b) => b.size - a.size)[0] ?? { name: entry, size: gzipped(first) };

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;
process.stdout.write(
  `script, gzip: entry ${kilobytes(gzipped(first))}, with ${largest.name} ${kilobytes(largest.size)} of ${kilobytes(BUDGET)}\n`,
);
if (largest.size > BUDGET) process.exitCode = 1;
