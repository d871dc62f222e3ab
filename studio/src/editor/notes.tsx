/** Notes about the open text: restored edits, a changed file, a failed publication. */
import { CircleAlert, CloudOff, FileWarning, RotateCcw, X } from "lucide-react";

import { ago, Button, IconButton, Words } from "@/ui";
import { isUnsaved } from "./document/state";
import { useEditor } from "./document/store";

export function Notes() {
  const restored = useEditor((state) => state.restored);
  const conflict = useEditor((state) => state.conflict);
  const publishError = useEditor((state) => state.publishError);
  const unsaved = useEditor(isUnsaved);
  return (
    <>
      <Away />
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
            Discard
          </Button>
          <IconButton size="s" label="Hide this note" onClick={() => useEditor.setState({ restored: null })}>
            <X aria-hidden />
          </IconButton>
        </div>
      )}
      {publishError !== null && !unsaved && (
        <div className="editor-note editor-note-warn" role="alert">
          <CircleAlert aria-hidden />
          <span>
            Saved, but new runs still use the previous version: <Words text={publishError} />
          </span>
        </div>
      )}
    </>
  );
}

/** The server is away: what is kept, and that it is tried again. */
function Away() {
  const away = useEditor((state) => state.away);
  const unsent = useEditor((state) => state.unsent);
  const unsaved = useEditor(isUnsaved);
  if (away === null || !unsaved) return null;
  const edits = [...new Set(unsent.map(({ label }) => label))].join(", ");
  return (
    <div className="editor-note editor-note-warn" role="alert">
      <CloudOff aria-hidden />
      <span>
        Not saved, trying again. <Words text={away.message} /> This browser keeps your edits, over a reload, too
        {edits === "" ? "." : `: ${edits}.`}
      </span>
      <Button size="s" onClick={() => void useEditor.getState().sendUnsent()}>
        Try now
      </Button>
    </div>
  );
}
