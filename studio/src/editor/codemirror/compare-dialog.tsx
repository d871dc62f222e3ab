/** Two texts of one file: the one on disk and the one with the unsaved edits. The person chooses; nothing is lost. */
import { lazy, Suspense } from "react";
import { Button, Dialog, Skeleton, copy, toast } from "@/ui";

const Compare = lazy(() => import("./compare").then((module) => ({ default: module.Compare })));

export interface CompareDialogProps {
  file: string;
  mine: string;
  onUseFile: () => void;
  onKeepMine: () => void;
  onClose: () => void;
}

export function CompareDialog({ file, mine, onUseFile, onKeepMine, onClose }: CompareDialogProps) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      size="xl"
      title="The file changed"
      description="Another person or program changed the file after you started to edit. Undo brings back the text that you don't keep."
      footer={
        <>
          <Button
            onClick={() => {
              void copy(mine);
              toast({ title: "Your text is on the clipboard" });
            }}
          >
            Copy my text
          </Button>
          <Button onClick={onUseFile}>Use the file</Button>
          <Button kind="primary" onClick={onKeepMine}>
            Keep my version
          </Button>
        </>
      }
    >
      <div className="compare-heads" aria-hidden>
        <h3>The file now</h3>
        <h3>Your edits</h3>
      </div>
      <Suspense fallback={<Skeleton />}>
        <Compare left={file} right={mine} labels={["The file now", "Your edits"]} />
      </Suspense>
    </Dialog>
  );
}
