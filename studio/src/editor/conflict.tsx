/** Two texts of one file: the one on disk and the one with the unsaved edits. The person chooses; nothing is lost. */
import { lazy, Suspense } from "react";

import { Button, Dialog, Skeleton, copy, toast } from "@/ui";
import { useEditor } from "./document/store";

const Compare = lazy(() => import("./compare").then((module) => ({ default: module.Compare })));

export function ConflictDialog() {
  const conflict = useEditor((state) => state.conflict);
  const comparing = useEditor((state) => state.comparing);
  const draft = useEditor((state) => state.text);
  if (conflict === null || !comparing) return null;
  const close = () => useEditor.setState({ comparing: false });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      size="xl"
      title="The file changed"
      description="Another person or program changed the file after you started to edit. Undo brings back the text that you don't keep."
      footer={
        <>
          <Button
            onClick={() => {
              void copy(draft);
              toast({ title: "Your text is on the clipboard" });
            }}
          >
            Copy my text
          </Button>
          <Button onClick={() => useEditor.getState().resolve("theirs")}>Use the file</Button>
          <Button kind="primary" onClick={() => useEditor.getState().resolve("mine")}>
            Keep my version
          </Button>
        </>
      }
    >
      <div className="editor-compare-heads" aria-hidden>
        <h3>The file now</h3>
        <h3>Your edits</h3>
      </div>
      <Suspense fallback={<Skeleton />}>
        <Compare left={conflict.text} right={draft} labels={["The file now", "Your edits"]} />
      </Suspense>
    </Dialog>
  );
}
