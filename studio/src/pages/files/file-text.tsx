/** A file's text with line numbers, colors, search, undo, and marks where something is wrong. */
import { closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { editing, showText } from "@/editor/codemirror/editing";
import type { ProjectFile } from "./api";
import { sentences } from "@/ui";
import { template } from "./template-language";

const fromOutside = Annotation.define<boolean>();

export interface FileTextProps {
  path: string;
  text: string;
  readOnly: boolean;
  findings: ProjectFile["diagnostics"];
  /** A line to show, from 1, and how often it was asked for. */
  line: { number: number; asked: number } | null;
  onChange: (text: string) => void;
}

export function FileText({ path, text, readOnly, findings, line, onChange }: FileTextProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const frozen = useRef(new Compartment());
  const latest = useRef({ text, onChange });
  latest.current = { text, onChange };
  useEffect(() => {
    if (host.current === null) return undefined;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          ...extensions(path, latest.current.text),
          frozen.current.of([]),
          EditorView.updateListener.of((update) => {
            const outside = update.transactions.some((transaction) => transaction.annotation(fromOutside));
            if (update.docChanged && !outside) latest.current.onChange(update.state.sliceDoc());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [path]);
  useEffect(() => {
    view.current?.dispatch({ effects: frozen.current.reconfigure(EditorState.readOnly.of(readOnly)) });
  }, [readOnly, path]);
  useEffect(() => {
    const editor = view.current;
    if (editor) showText(editor, text, fromOutside.of(true));
  }, [text]);
  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, marks(editor.state, findings)));
  }, [findings, path]);
  useEffect(() => {
    const editor = view.current;
    if (!editor || line === null) return;
    const { from } = editor.state.doc.line(Math.min(line.number, editor.state.doc.lines));
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    editor.focus();
  }, [line]);
  return <div className="file-text" ref={host} />;
}

function marks(state: EditorState, findings: ProjectFile["diagnostics"]): Mark[] {
  return findings.map((finding) => {
    const line = state.doc.line(Math.min(finding.start.line, state.doc.lines));
    const severity = finding.severity === "advice" ? "info" : finding.severity;
    return {
      from: line.from,
      to: line.to,
      severity,
      message: sentences(finding.message, finding.hint),
    };
  });
}

function extensions(path: string, text: string): Extension[] {
  return [
    editing(text, `Text of ${path}`, "file-keys"),
    path.endsWith(".yaml") ? yaml() : template,
    lintGutter({ hoverTime: 150 }),
    history(),
    EditorView.lineWrapping,
    keymap.of([...closeBracketsKeymap, ...searchKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
  ];
}
