import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab, toggleComment } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { nextDiagnostic, previousDiagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { type Assist, useAssist } from "../assist/assist";
import { subjectOf } from "../form-model/steps";
import type { EditorState as Editor } from "../document/state";
import { useEditor } from "../document/store";
import { samePath } from "@/model/path";
import { completion, hovers } from "../codemirror/complete";
import { expressionMarks } from "../codemirror/expression-marks";
import { findingsGutter, showFindings } from "./findings";
import { ShortcutList } from "./shortcut-list";
import { newline } from "../codemirror/newline";
import { markStep, stepMark } from "./step-mark";
import { changeBetween, inText } from "../codemirror/text";
import { codeTheme } from "../codemirror/theme";
import "./yaml.css";

/** Marks what comes from the store, so that it is not sent back there. */
const fromStore = Annotation.define<boolean>();

/** The workflow's file as text. What is typed goes to the store, which keeps the one history. */
export function YamlView() {
  const host = useRef<HTMLDivElement>(null);
  const assist = useAssist();
  const [place, setPlace] = useState({ line: 1, column: 1 });
  const file = useEditor((state) => state.file);

  useEffect(() => {
    if (host.current === null) return undefined;
    const view = openView(host.current, assist, setPlace);
    return () => view.close();
  }, [assist]);

  return (
    <div className="yaml-view">
      <div className="yaml-host" ref={host} />
      <div className="yaml-foot">
        <span className="num">
          {place.line}:{place.column}
        </span>
        <span className="mono yaml-foot-file" title={file}>
          {file}
        </span>
        <span id="yaml-keys">Esc, then Tab leaves</span>
        <ShortcutList />
      </div>
    </div>
  );
}

function openView(
  parent: HTMLElement,
  assist: Assist,
  onPlace: (place: { line: number; column: number }) => void,
): { close(): void } {
  const frozen = new Compartment();
  let state = useEditor.getState();
  // The place this view selected itself: it need not scroll there.
  let own: Editor["selected"] = null;

  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: state.text,
      extensions: [
        ...extensions(assist, state.text),
        frozen.of(freeze(state)),
        EditorView.updateListener.of((update) => {
          const outside = update.transactions.some((one) => one.annotation(fromStore));
          if (update.docChanged && !outside) useEditor.getState().setText(update.state.sliceDoc());
          if (update.docChanged || update.selectionSet) {
            const head = update.state.selection.main.head;
            const line = update.state.doc.lineAt(head);
            onPlace({ line: line.number, column: head - line.from + 1 });
            if (!outside && view.hasFocus) selectAt(head);
          }
        }),
      ],
    }),
  });

  const selectAt = (head: number): void => {
    const { document, selected, select, text } = useEditor.getState();
    if (document === null) return;
    // On an empty line the step above is still the one that is meant.
    let line = view.state.doc.lineAt(head);
    let place = head;
    while (line.text.trim() === "" && line.number > 1) {
      line = view.state.doc.line(line.number - 1);
      place = line.to;
    }
    const subject = subjectOf(document.data, document.pathAt(inText(text, place)));
    const path = subject.kind === "workflow" ? null : subject.path;
    own = path;
    if (!samePath(path, selected)) select(path);
  };

  const showSelected = (scroll: boolean): void => {
    const { document, selected, text } = useEditor.getState();
    view.dispatch({ effects: markStep(view.state, document, selected, text), annotations: fromStore.of(true) });
    const range = selected === null ? null : (document?.range(selected) ?? null);
    if (!scroll || range === null) return;
    const from = Math.min(
      range.start - (text.includes("\r\n") ? text.slice(0, range.start).split("\r\n").length - 1 : 0),
      view.state.doc.length,
    );
    view.dispatch({
      effects: EditorView.scrollIntoView(from, { y: "center" }),
      annotations: fromStore.of(true),
      ...(view.hasFocus ? {} : { selection: { anchor: from } }),
    });
  };

  const follow = (next: Editor): void => {
    const before = state;
    state = next;
    if (next.text !== before.text || next.text !== view.state.sliceDoc()) {
      const change = changeBetween(view.state.sliceDoc(), next.text);
      if (change !== null) {
        const whole = next.text.includes("\r\n") ? { from: 0, to: view.state.doc.length, insert: next.text } : change;
        view.dispatch({ changes: whole, annotations: fromStore.of(true) });
      }
    }
    if (next.readOnly !== before.readOnly)
      view.dispatch({ effects: frozen.reconfigure(freeze(next)), annotations: fromStore.of(true) });
    if (next.check !== before.check && next.checked)
      view.dispatch({ ...showFindings(view.state, next.text, next.check), annotations: fromStore.of(true) });
    const moved = !samePath(next.selected, before.selected);
    if (moved || next.document !== before.document) showSelected(moved && !samePath(next.selected, own));
  };

  const stop = useEditor.subscribe(follow);
  view.dispatch({ ...showFindings(view.state, state.text, state.check), annotations: fromStore.of(true) });
  showSelected(true);
  return {
    close() {
      stop();
      view.destroy();
    },
  };
}

function freeze(state: Editor) {
  return state.readOnly === null && state.phase === "ready" ? [] : [EditorState.readOnly.of(true)];
}

function extensions(assist: Assist, text: string) {
  const id = (): string => useEditor.getState().id;
  return [
    EditorState.lineSeparator.of(text.includes("\r\n") ? "\r\n" : "\n"),
    EditorState.tabSize.of(2),
    indentUnit.of("  "),
    yaml(),
    expressionMarks("yaml"),
    lineNumbers(),
    foldGutter({ openText: "▾", closedText: "▸" }),
    codeFolding(),
    findingsGutter,
    drawSelection(),
    rectangularSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches({ minSelectionLength: 3 }),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    search({ top: true }),
    completion((whole, offset, signal) => assist.complete({ id: id(), text: whole, offset }, signal)),
    hovers(assist, id),
    stepMark,
    codeTheme,
    EditorView.contentAttributes.of({
      "aria-label": "Workflow as YAML",
      "aria-describedby": "yaml-keys",
      spellcheck: "false",
      tabindex: "0",
    }),
    Prec.highest(EditorView.domEventHandlers({ keydown: historyKeys })),
    keymap.of([
      { key: "Mod-/", run: toggleComment },
      { key: "F8", run: nextDiagnostic },
      { key: "Shift-F8", run: previousDiagnostic },
      ...completionKeymap,
      { key: "Enter", run: newline },
      ...closeBracketsKeymap,
      ...searchKeymap,
      ...foldKeymap,
      indentWithTab,
      ...defaultKeymap,
    ]),
  ];
}

/** One history for text, form and canvas: the store's. */
function historyKeys(event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return false;
  event.preventDefault();
  if (key === "y" || event.shiftKey) useEditor.getState().redo();
  else useEditor.getState().undo();
  return true;
}
