/** Which item of the canvas has the keyboard focus, and the findings of the items. */
import { type RefObject, useEffect } from "react";
import type { Item, Layout } from "@/model/graph/layout";
import { pathKey } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { pick } from "@/editor/canvas/state/actions";
import { focusElement } from "@/editor/canvas/state/elements";
import { findingsByItem, useCanvas } from "@/editor/canvas/state/state";

/** The findings of the newest check, laid on the items they are about. */
export function useFindings(layout: Layout | null): void {
  const check = useEditor((state) => state.check);
  useEffect(() => {
    const keys = new Set(
      (layout?.items ?? []).filter((item) => item.kind === "step" || item.kind === "trigger").map((item) => item.key),
    );
    useCanvas.setState({ findings: findingsByItem(check?.diagnostics ?? [], keys) });
  }, [check, layout]);
}

/** Give an item the keyboard focus; a card is selected as well, or with `extend` added to the selection. */
export function focusItem(item: Item, extend: boolean): void {
  useCanvas.setState({ focus: item.key });
  if (item.kind === "step" || item.kind === "trigger") pick(item.key, extend);
  focusElement(item.key);
}

/** Make the selected card the one that Tab reaches, and scroll it into view. */
export function useFocusFollowsSelection(
  root: RefObject<HTMLDivElement | null>,
  layout: Layout | null,
  show: (item: Item) => void,
  ready: boolean,
): void {
  const selected = useEditor((state) => state.selected);
  useEffect(() => {
    if (layout === null || !ready) return;
    const known = (key: string | null): boolean => layout.items.some((item) => item.key === key);
    let path = selected ?? [];
    while (path.length > 0 && !layout.items.some((item) => item.key === pathKey(path))) path = path.slice(0, -1);
    const item = layout.items.find((item) => item.key === pathKey(path));
    if (item !== undefined) {
      const before = useCanvas.getState().focus;
      useCanvas.setState({ focus: item.key });
      show(item);
      // An edit by keyboard must not lose the focus: it moves to the card that is selected now.
      const active = document.activeElement;
      const lost = active === null || active === document.body;
      const inside = root.current?.contains(active) === true && active?.classList.contains("flow-card") === true;
      if (inside || (lost && before !== null && before !== item.key)) {
        focusElement(item.key);
      }
    } else if (!known(useCanvas.getState().focus)) {
      useCanvas.setState({ focus: layout.items[0]?.key ?? null });
    }
  }, [selected, layout, root, show, ready]);
}
