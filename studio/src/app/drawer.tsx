import type { Me } from "../api/session";
import { Dialog } from "../ui/dialog";
import type { Place } from "./navigation";
import { Sidebar } from "./sidebar";

/** The sidebar on narrow screens. */
export function Drawer({ me, places, close }: { me: Me | undefined; places: Place[]; close: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => !open && close()} title="Menu" side size="s">
      <Sidebar me={me} places={places} />
    </Dialog>
  );
}
