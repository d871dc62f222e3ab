/** The import graph of `src`: static, type-only and dynamic imports alike. */
import fs from "node:fs";
import path from "node:path";
import ts from "typescript";

const SOURCE = /\.tsx?$/;
const DECLARATION = /\.d\.ts$/;

function sourceFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => SOURCE.test(name) && !DECLARATION.test(name))
    .map((name) => path.join(folder, name));
}

/** The file of `files` that `specifier` in `file` names; null for a package, a style sheet or a declaration. */
export function resolveImport(root, file, specifier, files) {
  const inRoot = specifier.startsWith("@/");
  if (!inRoot && !specifier.startsWith(".")) return null;
  const base = inRoot ? path.join(root, specifier.slice(2)) : path.join(path.dirname(file), specifier);
  return [base, `${base}.ts`, `${base}.tsx`, path.join(base, "index.ts")].find((name) => files.has(name)) ?? null;
}

/** Each source file below `root` with the files that it imports. */
export function importGraph(root) {
  const files = new Set(sourceFiles(root));
  const graph = new Map();
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(fs.readFileSync(file, "utf8"), true, true);
    const targets = importedFiles.map(({ fileName }) => resolveImport(root, file, fileName, files));
    graph.set(file, new Set(targets.filter((target) => target !== null)));
  }
  return graph;
}

/** The shortest chain of imports from `from` to `to`, both included; null when there is none. */
export function importChain(graph, from, to) {
  const cameFrom = new Map([[from, null]]);
  const queue = [from];
  for (const file of queue) {
    if (file === to) return chainTo(file, cameFrom);
    for (const next of graph.get(file) ?? []) {
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
  return null;
}

function chainTo(file, cameFrom) {
  const chain = [];
  for (let step = file; step !== null; step = cameFrom.get(step)) chain.unshift(step);
  return chain;
}
