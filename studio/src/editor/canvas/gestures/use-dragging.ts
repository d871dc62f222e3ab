/** Dragging a card on the canvas. */
import { type OnNodeDrag, useReactFlow } from "@xyflow/react";
import { useRef, useState } from "react";
import { CARD, type Item, type Layout } from "@/model/graph/layout";
import { canMove } from "@/model/editing/operations";
import { type Path, pathKey, pathOfKey } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { isStep, move, selectedSteps } from "@/editor/canvas/state/actions";
import type { CanvasNode } from "@/editor/canvas/drawing/cards";
import { useCanvas } from "@/editor/canvas/state/state";

/** How near a dragged card must be to a place, in pixels of the drawing. */
const REACH = 90;

/** Dragging a card over places; the nearest that may take it lights up, and letting go there moves the step. */
export function useDragging(layout: Layout | null, reset: () => void) {
  const { screenToFlowPosition } = useReactFlow();
  const [active, setActive] = useState(false);
  const places = useRef<Extract<Item, { kind: "place" }>[]>([]);
  const moved = useRef<Path[]>([]);

  const onStart: OnNodeDrag<CanvasNode> = (_, node) => {
    const path = pathOfKey(node.id);
    const selected = selectedSteps();
    moved.current =
      selected.length > 1 && selected.some((selected) => pathKey(selected) === node.id) ? selected : [path];
    if (moved.current.length === 1 && isStep(path)) useEditor.getState().select(path);
    places.current = (layout?.items ?? [])
      .filter((item) => item.kind === "place")
      .filter((item) => canMove(moved.current, item.place));
    useCanvas.setState({
      dragging: moved.current,
      open: new Set(places.current.map((place) => place.key)),
      drop: null,
    });
    setActive(true);
  };
  const onDrag: OnNodeDrag<CanvasNode> = (event) => {
    const at = screenToFlowPosition(
      "touches" in event
        ? { x: event.touches[0]?.clientX ?? 0, y: event.touches[0]?.clientY ?? 0 }
        : { x: event.clientX, y: event.clientY },
    );
    let best: string | null = null;
    let least = REACH;
    for (const { key, box } of places.current) {
      const dx = Math.max(Math.abs(at.x - box.x - box.width / 2) - CARD.width / 3, 0);
      const distance = Math.hypot(dx, at.y - box.y - box.height / 2);
      if (distance < least) [best, least] = [key, distance];
    }
    if (useCanvas.getState().drop !== best) useCanvas.setState({ drop: best });
  };
  const onStop: OnNodeDrag<CanvasNode> = () => {
    const target = places.current.find((place) => place.key === useCanvas.getState().drop)?.place;
    useCanvas.setState({ dragging: [], open: null, drop: null });
    setActive(false);
    if (target === undefined) reset();
    else void move(moved.current, target).then((done) => done || reset());
  };
  return { active, onStart, onDrag, onStop };
}
