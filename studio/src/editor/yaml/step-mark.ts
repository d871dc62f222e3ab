/** The lines of the selected step, tinted. */
import { type EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import type { Parsed } from "@/model/document/parse";
import type { Path } from "@/model/document/path";

const setMark = StateEffect.define<DecorationSet>();
const line = Decoration.line({ class: "cm-step-selected" });

/** The effect that tints the lines of `selected`, or none when it isn't in the document. */
export function markStep(
  state: EditorState,
  document: Parsed | null,
  selected: Path | null,
  text: string,
): StateEffect<DecorationSet> {
  const range = selected === null || selected.length < 2 ? null : (document?.range(selected) ?? null);
  if (range === null || range.end > text.length || text.includes("\r\n")) return setMark.of(Decoration.none);
  const builder = new RangeSetBuilder<Decoration>();
  const length = state.doc.length;
  const last = state.doc.lineAt(Math.min(Math.max(range.end - 1, range.start), length)).number;
  for (let at = state.doc.lineAt(Math.min(range.start, length)).number; at <= last; at += 1) {
    const from = state.doc.line(at).from;
    builder.add(from, from, line);
  }
  return setMark.of(builder.finish());
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    const mapped = marks.map(transaction.changes);
    return transaction.effects.reduce((now, effect) => (effect.is(setMark) ? effect.value : now), mapped);
  },
  provide: (self) => EditorView.decorations.from(self),
});

export const stepMark: Extension = field;
