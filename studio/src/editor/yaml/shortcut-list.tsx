import { IS_MAC } from "@/ui/format/platform";
import * as Popover from "@radix-ui/react-popover";
import { Keyboard } from "lucide-react";

const mod = IS_MAC ? "⌘" : "Ctrl";

const KEYS: [string, string][] = [
  ["Ctrl Space", "Complete a key, an action, an expression"],
  [`${mod} F`, "Search and replace"],
  [`${mod} /`, "Comment or uncomment"],
  ["F8", "Go to the next finding"],
  [IS_MAC ? "⌘ ⌥ [" : "Ctrl Shift [", "Fold the block"],
  [`${mod} Z`, "Undo, in text, form and canvas alike"],
  ["Tab", "Indent"],
  ["Esc, then Tab", "Leave the text"],
];

/** What the keys of the text view do. */
export function ShortcutList() {
  return (
    <Popover.Root>
      <Popover.Trigger className="yaml-keys-button">
        <Keyboard size={14} aria-hidden /> Keys
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="yaml-keys" side="top" align="end" sideOffset={6}>
          <dl>
            {KEYS.map(([keys, words]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{words}</dd>
              </div>
            ))}
          </dl>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
