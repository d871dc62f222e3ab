/** ESLint rules of the studio's own: no circle of imports, walls between folders, names of files. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { importChain, importGraph, resolveImport } from "./import-graph.js";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

let graph;
const graphOfSources = () => (graph ??= importGraph(SRC));

/** Visitors that call `check` with each import of a file, whatever its form, and with the imported file. */
function forEachImport(context, check) {
  const files = graphOfSources();
  const visit = (node) => {
    const specifier = node.source?.value;
    if (typeof specifier !== "string") return;
    const target = resolveImport(SRC, context.filename, specifier, files);
    if (target !== null) check(node, target);
  };
  return {
    ImportDeclaration: visit,
    ImportExpression: visit,
    ExportAllDeclaration: visit,
    ExportNamedDeclaration: visit,
    TSImportType: visit,
  };
}

const noImportCycle = {
  meta: {
    type: "problem",
    docs: { description: "Forbid circles of imports between files; a type-only or dynamic import counts too." },
    schema: [],
    messages: { cycle: "Import circle: {{chain}}." },
  },
  create(context) {
    return forEachImport(context, (node, target) => {
      const chain = importChain(graphOfSources(), target, context.filename);
      if (chain === null) return;
      const names = [context.filename, ...chain].map((file) => path.relative(SRC, file));
      context.report({ node, messageId: "cycle", data: { chain: names.join(" → ") } });
    });
  },
};

/** The folder of `folders` that `file` is in: the deepest one; its own folder when none is listed. */
function folderOf(file, folders) {
  const name = path.relative(SRC, file).split(path.sep).join("/");
  const inside = folders.filter((folder) => name.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length);
  return inside[0] ?? path.posix.dirname(name);
}

const folderWalls = {
  meta: {
    type: "problem",
    docs: { description: "Let a folder import only the folders that its entry in the table names." },
    schema: [{ type: "object", additionalProperties: { type: "array", items: { type: "string" } } }],
    messages: {
      wall: "`{{from}}` must not import `{{to}}`: see `FOLDERS` in eslint.config.js.",
      unlisted: "`{{from}}` is not listed in `FOLDERS` in eslint.config.js.",
    },
  },
  create(context) {
    const table = context.options[0];
    const folders = Object.keys(table);
    const from = folderOf(context.filename, folders);
    // Files directly below `src` (the entry and the set-up of the tests) start everything, and the rest is configuration.
    if (from === "." || from.startsWith("..")) return {};
    if (!(from in table)) {
      return { Program: (node) => context.report({ node, messageId: "unlisted", data: { from } }) };
    }
    return forEachImport(context, (node, target) => {
      const to = folderOf(target, folders);
      if (to !== from && !table[from].includes(to)) context.report({ node, messageId: "wall", data: { from, to } });
    });
  },
};

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d|\.config)?\.tsx?$/;

const kebabCaseFile = {
  meta: {
    type: "suggestion",
    docs: { description: "Require kebab-case for file names." },
    schema: [],
    messages: { name: "`{{name}}` is not in kebab-case." },
  },
  create(context) {
    const name = path.basename(context.filename);
    return {
      Program(node) {
        if (!KEBAB_CASE.test(name)) context.report({ node, messageId: "name", data: { name } });
      },
    };
  },
};

export default {
  rules: { "no-import-cycle": noImportCycle, "folder-walls": folderWalls, "kebab-case-file": kebabCaseFile },
};
