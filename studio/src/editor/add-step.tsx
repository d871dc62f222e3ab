/** The catalog, opened where a step or a trigger is to be added. */
import { CatalogDialog } from "./catalog/catalog-dialog";
import { addTrigger, insert } from "./canvas/state/actions";
import { useCanvas } from "./canvas/state/state";

function close(): void {
  const { opener } = useCanvas.getState();
  useCanvas.setState({ adding: null, opener: null });
  // The dialog gives the focus back to a button that opened it; there is none when it was a key.
  setTimeout(
    () =>
      opener instanceof HTMLElement &&
      document.activeElement === document.body &&
      opener.focus({ preventScroll: true }),
    0,
  );
}

export function AddStep({ onAdded }: { onAdded: () => void }) {
  const adding = useCanvas((state) => state.adding);
  if (adding === null) return null;
  return (
    <CatalogDialog
      open
      adding={adding === "trigger" ? "trigger" : "step"}
      onOpenChange={(open) => !open && close()}
      onPick={(picked) => {
        const done =
          picked.kind === "trigger"
            ? addTrigger(picked.trigger)
            : adding === "trigger"
              ? Promise.resolve(false)
              : insert(adding, [picked.step], `Add ${picked.label}`);
        void done.then((added) => added && onAdded());
      }}
    />
  );
}
