/** The text editor and the store in step: typing goes to the store, changes of the store come into the text. */
import { closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab, toggleComment } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { codeFolding, foldGutter, foldKeymap } from "@codemirror/language";
import { nextDiagnostic, previousDiagnostic } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import { EditorView, highlightActiveLineGutter, keymap, rectangularSelection, type ViewUpdate } from "@codemirror/view";
import type { Assist } from "../assist/assist";
import { subjectOf } from "../form-model/steps";
import type { EditorState as Editor } from "../document/state";
import { useEditor } from "../document/store";
import { samePath } from "@/model/document/path";
import { completion, hovers } from "../codemirror/complete";
import { editing, showText } from "../codemirror/editing";
import { expressionMarks } from "../codemirror/expression-marks";
import { findingsGutter, showFindings } from "./findings";
import { newline } from "../codemirror/newline";
import { markStep, stepMark } from "./step-mark";
import { inText } from "../codemirror/text";

/** Marks what comes from the store, so that it is not sent back there. */
const fromStore = Annotation.define<boolean>();

export interface CursorPosition {
  line: number;
  column: number;
}

export class TextEditor {
  private readonly frozen = new Compartment();
  private readonly view: EditorView;
  private readonly unsubscribe: () => void;
  private state = useEditor.getState();
  /** What this editor selected itself: it need not scroll there. */
  private own: Editor["selected"] = null;

  constructor(
    parent: HTMLElement,
    assist: Assist,
    private readonly onCursor: (position: CursorPosition) => void,
  ) {
    const { text, check } = this.state;
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          ...extensions(assist, text),
          this.frozen.of(freeze(this.state)),
          EditorView.updateListener.of((update) => this.onUpdate(update)),
        ],
      }),
    });
    this.unsubscribe = useEditor.subscribe((next) => this.follow(next));
    this.view.dispatch({ ...showFindings(this.view.state, text, check), annotations: fromStore.of(true) });
    this.showSelected(true);
  }

  close(): void {
    this.unsubscribe();
    this.view.destroy();
  }

  private onUpdate(update: ViewUpdate): void {
    const outside = update.transactions.some((transaction) => transaction.annotation(fromStore));
    if (update.docChanged && !outside) useEditor.getState().setText(update.state.sliceDoc());
    if (!update.docChanged && !update.selectionSet) return;
    const head = update.state.selection.main.head;
    const line = update.state.doc.lineAt(head);
    this.onCursor({ line: line.number, column: head - line.from + 1 });
    if (!outside && update.view.hasFocus) this.selectAt(update.view, head);
  }

  /** Select the step that the cursor is in. */
  private selectAt(view: EditorView, head: number): void {
    const { document, selected, select, text } = useEditor.getState();
    if (document === null) return;
    // On an empty line the step above is still the one that is meant.
    let line = view.state.doc.lineAt(head);
    let offset = head;
    while (line.text.trim() === "" && line.number > 1) {
      line = view.state.doc.line(line.number - 1);
      offset = line.to;
    }
    const subject = subjectOf(document.data, document.pathAt(inText(text, offset)));
    const path = subject.kind === "workflow" ? null : subject.path;
    this.own = path;
    if (!samePath(path, selected)) select(path);
  }

  private showSelected(scroll: boolean): void {
    const { view } = this;
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
  }

  private follow(next: Editor): void {
    const { view, state: before } = this;
    this.state = next;
    if (next.text !== before.text || next.text !== view.state.sliceDoc()) this.takeText(next.text);
    if (next.readOnly !== before.readOnly)
      view.dispatch({ effects: this.frozen.reconfigure(freeze(next)), annotations: fromStore.of(true) });
    if (next.check !== before.check && next.checked)
      view.dispatch({ ...showFindings(view.state, next.text, next.check), annotations: fromStore.of(true) });
    const moved = !samePath(next.selected, before.selected);
    if (moved || next.document !== before.document) this.showSelected(moved && !samePath(next.selected, this.own));
  }

  private takeText(text: string): void {
    showText(this.view, text, fromStore.of(true));
  }
}

function freeze(state: Editor) {
  return state.readOnly === null && state.phase === "ready" ? [] : [EditorState.readOnly.of(true)];
}

function extensions(assist: Assist, text: string) {
  const id = (): string => useEditor.getState().id;
  return [
    editing(text, "Workflow as YAML", "yaml-keys"),
    yaml(),
    expressionMarks("yaml"),
    foldGutter({ openText: "▾", closedText: "▸" }),
    codeFolding(),
    findingsGutter,
    rectangularSelection(),
    highlightActiveLineGutter(),
    completion((whole, offset, signal) => assist.complete({ id: id(), text: whole, offset }, signal)),
    hovers(assist, id),
    stepMark,
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
