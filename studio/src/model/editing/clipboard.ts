/** Steps on the clipboard are YAML text as in the file: users can paste it into a workflow, a review, or an email. */
import { parseDocument } from "yaml";

import { outermost } from "./operations";
import type { Parsed } from "@/model/document/parse";
import { isMap, type Path } from "@/model/document/path";
import { verbOf } from "@/model/document/verbs";

export function stepsAsText(document: Parsed, text: string, paths: readonly Path[]): string {
  return outermost(paths)
    .map((path) => itemText(document, text, path))
    .join("");
}

function itemText(document: Parsed, text: string, path: Path): string {
  const range = document.range(path);
  if (range === null) return "";
  const lineEnd = text.indexOf("\n", range.end);
  const rest = text.slice(range.end, lineEnd < 0 ? text.length : lineEnd);
  const piece = text.slice(range.start, range.end) + (/^\s*#/.test(rest) ? rest : "");
  const column = document.position(range.start).column - 1;
  const lines = piece.split("\n").map((line, at) => {
    if (at === 0) return line;
    const blanks = /^ */.exec(line)?.[0].length ?? 0;
    return line.slice(Math.min(blanks, column));
  });
  return `- ${lines.map((line, at) => (at === 0 || line === "" ? line : `  ${line}`)).join("\n")}\n`;
}

export type Pasted = { steps: unknown[]; problem: null } | { steps: null; problem: string };

/** Read a step, a list of steps, or a whole workflow. */
export function stepsOfText(text: string): Pasted {
  const nothing = (problem: string): Pasted => ({ steps: null, problem });
  if (text.trim() === "") return nothing("The clipboard is empty.");
  const document = parseDocument(text, { version: "1.2", prettyErrors: false });
  if (document.errors.length > 0) return nothing("The clipboard doesn't contain YAML.");
  let pasted: unknown;
  try {
    pasted = document.toJS({ maxAliasCount: 0 });
  } catch {
    return nothing("The clipboard contains YAML anchors, which workflows don't allow.");
  }
  const list = Array.isArray(pasted)
    ? pasted
    : isMap(pasted) && Array.isArray(pasted["steps"])
      ? pasted["steps"]
      : [pasted];
  if (list.length === 0 || !list.every((entry) => verbOf(entry) !== null))
    return nothing("The clipboard doesn't contain workflow steps.");
  return { steps: list, problem: null };
}
