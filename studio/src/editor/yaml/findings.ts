/** The server's findings in the text: squiggles, marks in the gutter, a note with the hint, a link, and the suggested change. */
import type { CheckAnswer, Diagnostic } from "@/api/editor";
import { type Diagnostic as Note, lintGutter, setDiagnostics } from "@codemirror/lint";
import type { Extension, TransactionSpec, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { fixOf } from "../problems/fix";
import { showRule } from "../problems/rule-help";
import { inDocument } from "../codemirror/text";

export const SEVERITY = { error: "error", warning: "warning", advice: "info" } as const;

/** The transaction that shows the findings of a check of `text`. */
export function showFindings(state: EditorState, text: string, check: CheckAnswer | null): TransactionSpec {
  const length = state.doc.length;
  const notes = (check?.diagnostics ?? []).map((finding): Note => {
    const from = Math.min(inDocument(text, finding.start.offset), length);
    const end = Math.min(inDocument(text, finding.end.offset), length);
    // What spans lines is marked on its first: a whole block underlined says nothing.
    const line = state.doc.lineAt(from);
    const to = Math.max(Math.min(end, line.to), Math.min(from + 1, length));
    return {
      from,
      to,
      severity: SEVERITY[finding.severity],
      message: finding.message,
      source: finding.code,
      renderMessage: () => noteElement(finding),
      actions: actionsOf(finding, text),
    };
  });
  return setDiagnostics(state, notes);
}

function actionsOf(finding: Diagnostic, text: string): NonNullable<Note["actions"]> {
  const fix = fixOf(finding, text);
  if (fix === null) return [];
  const less = text.includes("\r\n") ? text.slice(0, fix.from).split("\r\n").length - 1 : 0;
  return [
    {
      name: fix.label,
      apply: (view: EditorView) => {
        view.dispatch({
          changes: { from: fix.from - less, to: fix.to - less, insert: fix.insert },
          userEvent: "input.fix",
        });
        view.focus();
      },
    },
  ];
}

function noteElement(finding: Diagnostic): HTMLElement {
  const box = document.createElement("div");
  const text = box.appendChild(document.createElement("div"));
  text.textContent = finding.message;
  if (finding.hint) {
    const hint = box.appendChild(document.createElement("div"));
    hint.className = "soft";
    hint.textContent = finding.hint;
  }
  const about = box.appendChild(document.createElement("button"));
  about.type = "button";
  about.className = "editor-about";
  about.textContent = `About ${finding.code}`;
  // On mousedown: the note closes before a click would come.
  about.addEventListener("mousedown", (event) => {
    event.preventDefault();
    showRule(finding.code);
  });
  return box;
}

export const findingsGutter: Extension = lintGutter({ hoverTime: 150 });
