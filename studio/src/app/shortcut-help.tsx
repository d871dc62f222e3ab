import { Dialog, Kbd } from "@/ui";
import { useLayoutState } from "./layout-state";
import { activeShortcuts } from "@/browser/shortcuts";

const LISTS = [
  { keys: "j", label: "Next row" },
  { keys: "k", label: "Previous row" },
  { keys: "enter", label: "Open" },
  { keys: "x", label: "Choose" },
];

export function ShortcutHelp() {
  const layoutState = useLayoutState();
  const groups = new Map<string, { keys: string; label: string }[]>();
  for (const one of activeShortcuts()) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  groups.set("In lists", LISTS);
  return (
    <Dialog open onOpenChange={(help) => layoutState.set({ help })} title="Shortcuts" size="l">
      <div className="shortcut-groups">
        {[...groups].map(([group, shortcuts]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {shortcuts.map((one) => (
                <div key={one.keys}>
                  <dt>{one.label}</dt>
                  <dd>
                    <Kbd keys={one.keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
