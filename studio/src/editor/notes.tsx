/** Notes about the open text: restored edits, a changed file, a failed publication. */
import { CircleAlert, FileWarning, RotateCcw, X } from "lucide-react";

import { ago, Button, IconButton } from "@/ui";
import { useEditor } from "./document/store";

export function Notes() {
  const restored = useEditor((state) => state.restored);
  const conflict = useEditor((state) => state.conflict);
  const publishError = useEditor((state) => state.publishError);
  const unsaved = useEditor((state) => state.text !== state.savedText);
  return (
    <>
      {conflict !== null && (
        <div className="editor-note editor-note-warn" role="alert">
          <FileWarning aria-hidden />
          <span>The file changed on disk since your edits began. Both texts are kept: compare them and choose.</span>
          <Button size="s" onClick={() => useEditor.setState({ comparing: true })}>
            Compare…
          </Button>
        </div>
      )}
      {conflict === null && restored !== null && unsaved && (
        <div className="editor-note" role="status">
          <RotateCcw aria-hidden />
          <span>Your unsaved edits from {ago(restored)} are restored.</span>
          <Button size="s" onClick={() => useEditor.getState().discardDraft()}>
            Discard them
          </Button>
          <IconButton size="s" label="Hide this note" onClick={() => useEditor.setState({ restored: null })}>
            <X aria-hidden />
          </IconButton>
        </div>
      )}
      {publishError !== null && !unsaved && (
        <div className="editor-note editor-note-warn" role="alert">
          <CircleAlert aria-hidden />
          <span>Saved, but new runs still use the previous version: {publishError}</span>
        </div>
      )}
    </>
  );
}
