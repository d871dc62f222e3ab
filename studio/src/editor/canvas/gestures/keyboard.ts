/** The keys of the canvas. Arrows walk in reading order; left and right go to the branch beside. */
import type { KeyboardEvent } from "react";

import type { Item, Layout } from "@/model/graph/layout";
import { useEditor } from "@/editor/document/store";
import { duplicate, moveBy, openCatalog, placeForNew, remove } from "@/editor/canvas/state/actions";

/** What arrows stop at: cards, empty branches, branch labels and the buttons for further branches. */
function stops(layout: Layout): Item[] {
  return layout.items.filter((item) => {
    if (item.kind === "place") return item.place.large;
    if (item.kind === "label") return item.branch.renames !== null || item.branch.removes !== null;
    return true;
  });
}

const middle = (item: Item): [number, number] => [item.box.x + item.box.width / 2, item.box.y + item.box.height / 2];

export function neighbour(layout: Layout, key: string | null, arrow: string): string | null {
  const all = stops(layout);
  const at = all.findIndex((entry) => entry.key === key);
  const here = all[at];
  if (here === undefined) return all[0]?.key ?? null;
  if (arrow === "ArrowDown") return all[at + 1]?.key ?? null;
  if (arrow === "ArrowUp") return all[at - 1]?.key ?? null;
  const [x, y] = middle(here);
  const side = arrow === "ArrowRight" ? 1 : -1;
  let best: Item | null = null;
  let least = Infinity;
  for (const item of all) {
    const [ox, oy] = middle(item);
    const across = (ox - x) * side;
    // Beside, not below: what is further away in height than in width is another way down.
    if (across <= 8 || Math.abs(oy - y) > across * 1.5) continue;
    const distance = across + Math.abs(oy - y) * 2;
    if (distance < least) [best, least] = [item, distance];
  }
  return best?.key ?? null;
}

/** Handle a key; false when the key does nothing here. */
export function keyAction(
  event: KeyboardEvent,
  { onCard, open, fit }: { onCard: boolean; open: () => void; fit: () => void },
): boolean {
  const command = event.metaKey || event.ctrlKey;
  const editor = useEditor.getState();
  const writable = editor.readOnly === null;
  switch (event.key) {
    case "Enter":
    case " ":
      if (!onCard) return false;
      open();
      return true;
    case "Escape":
      editor.select(editor.selected, []);
      return false;
    case "Delete":
    case "Backspace":
      if (!writable || !onCard) return false;
      void remove();
      return true;
    case "ArrowUp":
    case "ArrowDown":
      if (!event.altKey || !writable) return false;
      moveBy(event.key === "ArrowUp" ? -1 : 1);
      return true;
    case "a":
    case "A":
    case "/":
      if (command || event.altKey || !writable) return false;
      openCatalog(placeForNew());
      return true;
    case "d":
      if (!command || !writable) return false;
      void duplicate();
      return true;
    case "0":
      if (command || event.altKey) return false;
      fit();
      return true;
    default:
      return false;
  }
}
