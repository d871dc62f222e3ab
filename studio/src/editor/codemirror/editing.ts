/** What each editor of a file's text has: the file's line breaks, line numbers, brackets, search and colors. */
import { closeBrackets } from "@codemirror/autocomplete";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search } from "@codemirror/search";
import { EditorState, type Annotation, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, lineNumbers } from "@codemirror/view";
import { changeBetween } from "./text";
import { codeTheme } from "./theme";

/** label: what a screen reader calls the text. keys: the id of the line that says how to leave it. */
export function editing(text: string, label: string, keys: string): Extension[] {
  return [
    EditorState.lineSeparator.of(text.includes("\r\n") ? "\r\n" : "\n"),
    EditorState.tabSize.of(2),
    indentUnit.of("  "),
    lineNumbers(),
    drawSelection(),
    highlightActiveLine(),
    highlightSelectionMatches({ minSelectionLength: 3 }),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    search({ top: true }),
    codeTheme,
    EditorView.contentAttributes.of({
      "aria-label": label,
      "aria-describedby": keys,
      spellcheck: "false",
      tabindex: "0",
    }),
  ];
}

/** Shows another text, and keeps the cursor and the view where nothing changed. mark: tells it from typing. */
export function showText(view: EditorView, text: string, mark: Annotation<boolean>): void {
  const change = changeBetween(view.state.sliceDoc(), text);
  if (change === null) return;
  // Offsets of the text are not those of the document where a line break is two characters.
  const whole = { from: 0, to: view.state.doc.length, insert: text };
  view.dispatch({ changes: text.includes("\r\n") ? whole : change, annotations: mark });
}
