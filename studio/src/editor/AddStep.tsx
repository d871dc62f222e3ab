/** The catalogue, opened where a step or a trigger is to be added. */
import { CatalogueDialog } from "./catalogue/CatalogueDialog";
import { addTrigger, insert } from "./canvas/actions";
import { useCanvas } from "./canvas/state";

export function AddStep({ onAdded }: { onAdded: () => void }) {
  const adding = useCanvas((state) => state.adding);
  if (adding === null) return null;
  return (
    <CatalogueDialog
      open
      adding={adding === "trigger" ? "trigger" : "step"}
      onOpenChange={(open) => !open && useCanvas.setState({ adding: null })}
      onPick={(picked) => {
        const done = picked.kind === "trigger" ? addTrigger(picked.trigger) : adding === "trigger" ? Promise.resolve(false) : insert(adding, [picked.step], `Add ${picked.label}`);
        void done.then((added) => added && onAdded());
      }}
    />
  );
}
