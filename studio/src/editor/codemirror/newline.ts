/** A new line in YAML: as deep as the line above, deeper behind a colon, and under the key behind a dash. */
import type { EditorView } from "@codemirror/view";

/** The blanks a new line begins with after `line`, cut at the cursor. */
export function indentAfter(line: string): string {
  const blanks = /^\s*/.exec(line)?.[0] ?? "";
  const content = line.slice(blanks.length);
  if (content === "" || content.startsWith("#")) return blanks;
  const dash = /^(?:-\s+)+/.exec(content)?.[0] ?? "";
  const rest = content.slice(dash.length).replace(/\s+#.*$/, "");
  const isEntry = /^(?:[\w.?-]+|"[^"]*"|'[^']*'):(?:\s|$)/.test(rest);
  const inner = blanks + (isEntry ? " ".repeat(dash.length) : "");
  if (/^(?:[\w.?-]+|"[^"]*"|'[^']*'):\s*[|>]?[+-]?$/.test(rest)) return `${inner}  `;
  return inner;
}

export function newline(view: EditorView): boolean {
  if (view.state.readOnly) return false;
  const range = view.state.selection.main;
  const line = view.state.doc.lineAt(range.from);
  const before = line.text.slice(0, range.from - line.from);
  // Blanks alone are not kept: they would be left behind as a line of blanks.
  const from = before.trim() === "" ? line.from : range.from;
  const insert = `${before.trim() === "" ? "\n" : ""}${before.trim() === "" ? before : `\n${indentAfter(before)}`}`;
  view.dispatch({
    changes: { from, to: range.to, insert },
    selection: { anchor: from + insert.length },
    scrollIntoView: true,
    userEvent: "input",
  });
  return true;
}
