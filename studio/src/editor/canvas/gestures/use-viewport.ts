/** What part of the drawing is in view, and how large. */
import { useReactFlow } from "@xyflow/react";
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import { CARD, type Item, type Layout } from "@/model/graph/layout";

export function useViewport(root: RefObject<HTMLDivElement | null>, layout: Layout | null, id: string) {
  const { setViewport, getViewport, fitBounds } = useReactFlow();
  // A viewport set before the drawing is there would be lost.
  const [ready, setReady] = useState(false);
  const onInit = useCallback(() => setReady(true), []);
  const placed = useRef<string | null>(null);
  const size = useRef<Layout | null>(null);
  size.current = layout;

  useLayoutEffect(() => {
    const box = root.current?.getBoundingClientRect();
    if (!ready || layout === null || box === undefined || box.width === 0 || placed.current === id) return;
    placed.current = id;
    const zoom = Math.min(1, Math.max(0.5, (box.width - 64) / layout.width));
    void setViewport({ x: box.width / 2 - (layout.width / 2) * zoom, y: 64, zoom });
  }, [layout, id, root, ready, setViewport]);

  const show = useCallback(
    (item: Item) => {
      const box = root.current?.getBoundingClientRect();
      if (box === undefined || box.width === 0) return;
      const { x, y, zoom } = getViewport();
      const left = item.box.x * zoom + x;
      const top = item.box.y * zoom + y;
      const [width, height] = [item.box.width * zoom, item.box.height * zoom];
      const dx = left < 16 ? 40 - left : left + width > box.width - 16 ? box.width - 40 - left - width : 0;
      const dy = top < 56 ? 80 - top : top + height > box.height - 16 ? box.height - 56 - top - height : 0;
      if (dx !== 0 || dy !== 0) void setViewport({ x: x + dx, y: y + dy, zoom }, { duration: calm() ? 0 : 160 });
    },
    [getViewport, root, setViewport],
  );
  const fit = useCallback(() => {
    const all = size.current;
    if (all !== null)
      void fitBounds(
        { x: 0, y: 0, width: Math.max(all.width, CARD.width), height: all.height },
        { padding: 0.08, duration: calm() ? 0 : 200 },
      );
  }, [fitBounds]);
  return { show, fit, ready, onInit };
}

const calm = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
