import type { Me } from "@/api/session";
import { Dialog } from "@/ui/overlays/dialog";
import type { NavigationItem } from "@/app/navigation/navigation";
import { Sidebar } from "./sidebar";

/** The sidebar on narrow screens. */
export function Drawer({ me, pages, close }: { me: Me | undefined; pages: NavigationItem[]; close: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => !open && close()} title="Menu" side size="s">
      <Sidebar me={me} pages={pages} />
    </Dialog>
  );
}
