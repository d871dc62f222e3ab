/** Highlights expressions: a whole text, the parts in `${{ }}`, or (in YAML) also the values of `if:` and similar keys. */
import { type Extension, Prec, type Range, RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { closingOf } from "@/editor/form-model/values/template";
import { tokens } from "./tokens";

export type Reading = "expression" | "template" | "yaml";

interface Stretch {
  from: number;
  to: number;
  /** Offsets of the braces around it; null for a bare expression. */
  braces: [number, number] | null;
}

const BARE = /^(\s*(?:- )?\s*)(if|when|filter|while|switch|for_each|match):[ \t]+(\S.*)$/;

/** The expressions in lines of text that begin at `offset`. */
export function expressionsIn(text: string, offset: number, reading: Reading): Stretch[] {
  if (reading === "expression") return [{ from: offset, to: offset + text.length, braces: null }];
  const stretches: Stretch[] = [];
  let at = text.indexOf("${{");
  while (at >= 0) {
    const end = text[at - 1] === "$" ? -1 : closingOf(text, at + 3);
    if (end >= 0) stretches.push({ from: offset + at + 3, to: offset + end, braces: [offset + at, offset + end + 2] });
    at = text.indexOf("${{", end >= 0 ? end + 2 : at + 3);
  }
  if (reading === "yaml") stretches.push(...bare(text, offset, stretches));
  return stretches.sort((entry, other) => entry.from - other.from);
}

function bare(text: string, offset: number, occupied: Stretch[]): Stretch[] {
  const stretches: Stretch[] = [];
  let start = 0;
  for (const line of text.split("\n")) {
    const match = BARE.exec(line);
    if (match !== null) {
      const from = offset + start + line.length - (match[3] ?? "").length;
      const text = (match[3] ?? "").replace(/\s+#.*$/, "");
      const quote = text[0] === '"' || (text[0] === "'" && text.endsWith("'") && !/'\s*[=!<>+]/.test(text.slice(1)));
      const overlaps = occupied.some((stretch) => stretch.from < from + text.length && from < stretch.to);
      if (!overlaps && text !== "")
        stretches.push(
          quote && text.length > 1
            ? { from: from + 1, to: from + text.length - 1, braces: null }
            : { from, to: from + text.length, braces: null },
        );
    }
    start += line.length + 1;
  }
  return stretches;
}

const around = Decoration.mark({ class: "cm-x" });
const brace = Decoration.mark({ class: "cm-x-brace" });

function marks(view: EditorView, reading: Reading): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    const begin = view.state.doc.lineAt(from).from;
    const text = view.state.sliceDoc(begin, to);
    for (const expression of expressionsIn(text, begin, reading)) {
      if (expression.braces !== null) {
        ranges.push(around.range(expression.braces[0], expression.braces[1]));
        ranges.push(
          brace.range(expression.braces[0], expression.braces[0] + 3),
          brace.range(expression.braces[1] - 2, expression.braces[1]),
        );
      }
      for (const token of tokens(text, expression.from - begin, expression.to - begin)) {
        ranges.push(Decoration.mark({ class: `cm-x-${token.kind}` }).range(begin + token.from, begin + token.to));
      }
    }
  }
  ranges.sort((range, other) => range.from - other.from || other.to - range.to);
  const builder = new RangeSetBuilder<Decoration>();
  for (const range of ranges) builder.add(range.from, range.to, range.value);
  return builder.finish();
}

export function expressionMarks(reading: Reading): Extension {
  // Highest means innermost: the highlighting of YAML would color all of a quoted text otherwise.
  return Prec.highest(
    ViewPlugin.fromClass(
      class {
        decorations: DecorationSet;
        constructor(view: EditorView) {
          this.decorations = marks(view, reading);
        }
        update(update: ViewUpdate): void {
          if (update.docChanged || update.viewportChanged) this.decorations = marks(update.view, reading);
        }
      },
      { decorations: (plugin) => plugin.decorations },
    ),
  );
}
