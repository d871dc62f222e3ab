/** The keyboard shortcuts that work now, by group, for the dialog and the help page. */
import { useActiveShortcuts, type Shortcut } from "@/browser/shortcuts";
import { Kbd } from "@/ui";
import "./shortcut-groups.css";

type Line = Pick<Shortcut, "keys" | "label">;

const LISTS: Line[] = [
  { keys: "j", label: "Next row" },
  { keys: "k", label: "Previous row" },
  { keys: "enter", label: "Open" },
  { keys: "x", label: "Choose" },
];

/** `more`: groups of keys that other pages have. */
export function ShortcutGroups({ more = {} }: { more?: Record<string, Line[]> }) {
  const groups = new Map<string, Line[]>();
  for (const shortcut of useActiveShortcuts()) {
    groups.set(shortcut.group, [...(groups.get(shortcut.group) ?? []), shortcut]);
  }
  groups.set("In lists", LISTS);
  for (const [group, lines] of Object.entries(more)) groups.set(group, lines);
  return (
    <div className="shortcut-groups">
      {[...groups].map(([group, lines]) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl>
            {lines.map(({ keys, label }) => (
              <div key={keys}>
                <dt>{label}</dt>
                <dd>
                  <Kbd keys={keys} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
