/** The workflow's file as text. What is typed goes to the store, which keeps the one history. */
import { useEffect, useRef, useState } from "react";
import { useAssist } from "../assist/assist";
import { useEditor } from "../document/store";
import { ShortcutList } from "./shortcut-list";
import { TextEditor } from "./text-editor";
import "./yaml.css";

export function YamlView() {
  const host = useRef<HTMLDivElement>(null);
  const assist = useAssist();
  const [cursor, setCursor] = useState({ line: 1, column: 1 });
  const file = useEditor((state) => state.file);

  useEffect(() => {
    if (host.current === null) return undefined;
    const editor = new TextEditor(host.current, assist, setCursor);
    return () => editor.close();
  }, [assist]);

  return (
    <div className="yaml-view">
      <div className="yaml-host" ref={host} />
      <div className="yaml-foot">
        <span className="num">
          {cursor.line}:{cursor.column}
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
