import { ShortcutGroups } from "@/components/shortcut-groups";
import { Dialog } from "@/ui";
import { useLayoutState } from "@/app/navigation/layout-state";

export function ShortcutHelp() {
  const setLayout = useLayoutState((state) => state.set);
  return (
    <Dialog open onOpenChange={(help) => setLayout({ help })} title="Shortcuts" size="l">
      <ShortcutGroups />
    </Dialog>
  );
}
