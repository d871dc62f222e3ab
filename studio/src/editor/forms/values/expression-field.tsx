import { completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { Annotation, Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { type RefObject, useEffect, useRef } from "react";
import type { Path } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { completion } from "@/editor/codemirror/complete";
import { expressionMarks } from "@/editor/codemirror/expression-marks";
import { changeBetween } from "@/editor/codemirror/text";
import { codeTheme } from "@/editor/codemirror/theme";
import { type Assist, useAssist } from "@/editor/assist/assist";

const outside = Annotation.define<boolean>();

export interface ExpressionFieldProps {
  path: Path;
  text: string;
  onText: (text: string) => void;
  onLeave: () => void;
  /** Text with `${{ }}` in it, or one expression without braces. */
  reading: "expression" | "template";
  id: string;
  label: string;
  describedBy: string;
  invalid: boolean;
  readOnly: boolean;
  hint?: string;
  /** Take the focus at once, with the cursor here: the field changed its kind during typing. */
  focusAt?: number | null;
}

/** An expression being written: coloured, completed by the server, several lines when it needs them. Tab leaves it. */
export function ExpressionField(props: ExpressionFieldProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const live = useRef(props);
  live.current = props;
  const frozen = useRef(new Compartment());
  const attributes = useRef(new Compartment());
  const assist = useAssist();

  useEffect(() => {
    if (host.current === null) return undefined;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: live.current.text,
        extensions: [
          ...extensions(live, assist),
          frozen.current.of(EditorState.readOnly.of(live.current.readOnly)),
          attributes.current.of(EditorView.contentAttributes.of(described(live.current))),
          ...listeners(live),
        ],
      }),
    });
    view.current = editor;
    focus(editor, live.current.focusAt);
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, [assist]);

  useEffect(() => {
    if (view.current !== null) replaceText(view.current, props.text);
  }, [props.text]);

  const { readOnly, id, label, reading, describedBy, invalid } = props;
  useEffect(() => {
    const attributesNow = described({ id, label, reading, describedBy, invalid });
    view.current?.dispatch({
      effects: [
        frozen.current.reconfigure(EditorState.readOnly.of(readOnly)),
        attributes.current.reconfigure(EditorView.contentAttributes.of(attributesNow)),
      ],
      annotations: outside.of(true),
    });
  }, [readOnly, id, label, reading, describedBy, invalid]);

  return (
    <div
      className={reading === "expression" ? "form-code form-code-expression" : "form-code"}
      data-invalid={invalid || undefined}
    >
      {reading === "expression" ? <EqualsSign /> : null}
      <div className="form-code-host" ref={host} />
    </div>
  );
}

const EqualsSign = () => (
  <span className="form-equals" aria-hidden>
    =
  </span>
);

function focus(view: EditorView, at: number | null | undefined): void {
  if (at === null || at === undefined) return;
  view.focus();
  view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) } });
}

function replaceText(view: EditorView, text: string): void {
  const change = changeBetween(view.state.doc.toString(), text);
  if (change !== null) view.dispatch({ changes: change, annotations: outside.of(true) });
}

/** Reports typed text, but not the changes from outside, and that the focus left. */
const listeners = (live: RefObject<ExpressionFieldProps>): Extension[] => [
  EditorView.updateListener.of((update) => {
    if (update.docChanged && !update.transactions.some((transaction) => transaction.annotation(outside)))
      live.current.onText(update.state.doc.toString());
  }),
  EditorView.domEventHandlers({ blur: () => live.current.onLeave() }),
];

type Described = Pick<ExpressionFieldProps, "id" | "label" | "reading" | "describedBy" | "invalid">;

function described(props: Described): Record<string, string> {
  return {
    id: props.id,
    "aria-label": `${props.label}, ${props.reading === "expression" ? "expression" : "text with expressions"}`,
    "aria-describedby": props.describedBy,
    "aria-invalid": String(props.invalid),
    spellcheck: "false",
    tabindex: "0",
  };
}

function extensions(live: { current: ExpressionFieldProps }, assist: Assist) {
  return [
    expressionMarks(live.current.reading),
    bracketMatching(),
    EditorView.lineWrapping,
    codeTheme,
    placeholder(live.current.hint ?? ""),
    completion((expression, cursor, signal) => {
      const { id, text } = useEditor.getState();
      return assist.complete({ id, text, path: live.current.path, expression, cursor }, signal);
    }),
    keymap.of(completionKeymap),
    // Enter writes the value; a line break inside an expression is Shift-Enter.
    Prec.low(
      keymap.of([
        {
          key: "Enter",
          run: (view) => (completionStatus(view.state) === "active" ? false : (live.current.onLeave(), true)),
        },
        { key: "Shift-Enter", run: (view) => (view.dispatch(view.state.replaceSelection("\n")), true) },
        ...defaultKeymap,
      ]),
    ),
  ];
}
