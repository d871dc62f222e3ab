/** The choice between the workflow's file and the unsaved edits. */
import { CompareDialog } from "./codemirror/compare-dialog";
import { useEditor } from "./document/store";

export function ConflictDialog() {
  const conflict = useEditor((state) => state.conflict);
  const comparing = useEditor((state) => state.comparing);
  const draft = useEditor((state) => state.text);
  if (conflict === null || !comparing) return null;
  return (
    <CompareDialog
      file={conflict.text}
      mine={draft}
      onUseFile={() => useEditor.getState().resolve("theirs")}
      onKeepMine={() => useEditor.getState().resolve("mine")}
      onClose={() => useEditor.setState({ comparing: false })}
    />
  );
}
