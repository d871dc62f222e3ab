/** Two texts side by side, their differences marked. */
import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import "./compare.css";

export function Compare({ left, right, labels }: { left: string; right: string; labels: [string, string] }) {
  const place = useRef<HTMLDivElement>(null);
  const [leftLabel, rightLabel] = labels;
  useEffect(() => {
    if (place.current === null) return;
    const extensions = (label: string) => [
      lineNumbers(),
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({
        "aria-label": label,
        tabindex: "0",
        role: "textbox",
        "aria-readonly": "true",
        "aria-multiline": "true",
      }),
    ];
    const view = new MergeView({
      parent: place.current,
      a: { doc: left, extensions: extensions(leftLabel) },
      b: { doc: right, extensions: extensions(rightLabel) },
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    });
    return () => view.destroy();
  }, [left, right, leftLabel, rightLabel]);
  return <div ref={place} className="compare" />;
}
