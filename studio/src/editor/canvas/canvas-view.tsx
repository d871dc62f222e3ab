/** The workflow as a picture that can be changed: select, drag, insert, by mouse and by keyboard. */
import {
  Background,
  BackgroundVariant,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  applyNodeChanges,
  useReactFlow,
  type NodeChange,
  type NodeTypes,
  type OnNodeDrag,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";

import { type Flow, flowOf } from "@/model/graph";
import { CARD, type Item, type Layout, layoutOf } from "@/model/layout";
import { canMove } from "@/model/operations";
import { type Path, pathKey, pathOfKey } from "@/model/path";
import { useEditor } from "../document/store";
import { copied, isStep, move, paste, pick, remove, selectedSteps } from "./actions";
import { AddBranch, BranchLabel, type CanvasNode, PlaceButton, StepCard, TriggerCard } from "./cards";
import { keyAction, neighbour } from "./keyboard";
import { type Drawn, nodesOf } from "./nodes";
import { findingsByItem, useCanvas } from "./state";
import { StepMenu } from "./step-menu";
import { Toolbar } from "./toolbar";
import { Wires } from "./wires";
import "./canvas.css";

const TYPES: NodeTypes = {
  step: StepCard,
  trigger: TriggerCard,
  place: PlaceButton,
  label: BranchLabel,
  add: AddBranch,
};
/** Fewer steps are overlooked without a map. */
const MINIMAP_FROM = 8;
/** How near a dragged card must be to a place, in pixels of the drawing. */
const REACH = 90;

export interface CanvasViewProps {
  /** What Enter on a step does: usually the form is focused. */
  onOpen?: (path: Path) => void;
}

export function CanvasView(props: CanvasViewProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function useFlow(): { flow: Flow | null; layout: Layout | null } {
  const shown = useEditor((state) => state.shown);
  const readOnly = useEditor((state) => state.readOnly !== null);
  return useMemo(() => {
    const flow = shown === null ? null : flowOf(shown.data);
    return { flow, layout: flow === null ? null : layoutOf(flow, { places: !readOnly }) };
  }, [shown, readOnly]);
}

function Canvas({ onOpen }: CanvasViewProps) {
  const { layout } = useFlow();
  const readOnly = useEditor((state) => state.readOnly !== null);
  const stale = useEditor((state) => state.document === null);
  const id = useEditor((state) => state.id);
  const drawn = useRef<Drawn | null>(null);
  const next = useMemo(
    () => (layout === null ? null : nodesOf(layout, drawn.current, !readOnly && !stale)),
    [layout, readOnly, stale],
  );
  const [nodes, setNodes] = useState<CanvasNode[]>([]);
  useLayoutEffect(() => {
    drawn.current = next;
    setNodes(next?.nodes ?? []);
  }, [next]);

  useFindings(layout);
  const root = useRef<HTMLDivElement>(null);
  const { show, fit, ready, onInit } = useViewport(root, layout, id);
  const drag = useDragging(layout, () => setNodes(next?.nodes ?? []));
  useFocusFollowsSelection(root, layout, show, ready);

  const onNodesChange = useCallback((changes: NodeChange<CanvasNode>[]) => {
    // Only dragging may move a card; sizes and places are the layout's.
    const moves = changes.filter((one) => one.type === "position" || one.type === "dimensions");
    if (moves.length > 0) setNodes((old) => applyNodeChanges(moves, old));
  }, []);

  const onClick = useCallback((event: MouseEvent, node: CanvasNode) => {
    if (node.type === "step" || node.type === "trigger")
      pick(node.id, event.shiftKey || event.metaKey || event.ctrlKey);
  }, []);
  const onDouble = useCallback(
    (_: MouseEvent, node: CanvasNode) => {
      if (node.type === "step" || node.type === "trigger") onOpen?.(pathOfKey(node.id));
    },
    [onOpen],
  );
  const onContext = useCallback((_: MouseEvent, node: CanvasNode) => {
    if (node.type !== "step" && node.type !== "trigger") return;
    const path = pathOfKey(node.id);
    if (!selectedSteps().some((one) => pathKey(one) === node.id)) useEditor.getState().select(path);
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const key = target.closest<HTMLElement>("[data-key]")?.dataset["key"] ?? null;
    if (layout === null || target.closest("input, textarea, select, [role=menu], [role=dialog]") !== null) return;
    if (!root.current?.contains(target)) return;
    const onCard = target.classList.contains("flow-card");
    if (event.key.startsWith("Arrow") && !event.altKey && !event.metaKey && !event.ctrlKey) {
      const to = neighbour(layout, key, event.key);
      event.preventDefault();
      if (to === null) return;
      focusItem(root.current, to, event.shiftKey);
      const item = layout.items.find((one) => one.key === to);
      if (item !== undefined) show(item);
      return;
    }
    if (keyAction(event, { onCard, open: () => key !== null && onOpen?.(pathOfKey(key)), fit })) event.preventDefault();
  };

  const onCopy = (event: ClipboardEvent) => {
    if ((event.target as HTMLElement).closest("input, textarea")) return;
    const text = copied();
    if (text === null) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    if (event.type === "cut" && !readOnly) void remove();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (readOnly || (event.target as HTMLElement).closest("input, textarea")) return;
    event.preventDefault();
    void paste(event.clipboardData.getData("text/plain"));
  };

  if (layout === null) return <div className="flow-none">The file does not parse yet: mend it in the YAML view.</div>;
  return (
    <div
      ref={root}
      className={`flow${drag.active ? " flow-dragging" : ""}${stale ? " flow-stale" : ""}`}
      role="group"
      aria-label="Workflow canvas"
      onKeyDown={onKeyDown}
      onCopy={onCopy}
      onCut={onCopy}
      onPaste={onPaste}
    >
      <Toolbar fit={fit} {...(onOpen === undefined ? {} : { onOpen })} />
      {stale && <p className="flow-stale-note">The text does not parse; this is the last state that did.</p>}
      <StepMenu onOpen={onOpen}>
        <div className="flow-surface">
          <ReactFlow<CanvasNode>
            nodes={nodes}
            nodeTypes={TYPES}
            onInit={onInit}
            onNodesChange={onNodesChange}
            onNodeClick={onClick}
            onNodeDoubleClick={onDouble}
            onNodeContextMenu={onContext}
            onNodeDragStart={drag.onStart}
            onNodeDrag={drag.onDrag}
            onNodeDragStop={drag.onStop}
            onPaneClick={clearSelection}
            nodesDraggable={!readOnly && !stale}
            nodesConnectable={false}
            nodesFocusable={false}
            elementsSelectable={false}
            disableKeyboardA11y
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            deleteKeyCode={null}
            selectNodesOnDrag={false}
            nodeDragThreshold={4}
            panOnScroll
            zoomOnDoubleClick={false}
            minZoom={0.1}
            maxZoom={1.5}
            proOptions={PRO}
          >
            <Wires layout={layout} />
            <Background variant={BackgroundVariant.Dots} gap={20} size={1} color="var(--line-strong)" />
            {layout.items.filter((one) => one.kind === "step").length > MINIMAP_FROM && (
              <MiniMap
                pannable
                zoomable
                nodeClassName={miniClass}
                nodeBorderRadius={8}
                ariaLabel="Overview of the workflow"
              />
            )}
          </ReactFlow>
        </div>
      </StepMenu>
    </div>
  );
}

const PRO = { hideAttribution: true };
const miniClass = (node: CanvasNode): string => `mini-${node.type}`;
const clearSelection = (): void => useEditor.getState().select(null);

/** The findings of the newest check, laid on the items they are about. */
function useFindings(layout: Layout | null): void {
  const check = useEditor((state) => state.check);
  useEffect(() => {
    const keys = new Set(
      (layout?.items ?? []).filter((one) => one.kind === "step" || one.kind === "trigger").map((one) => one.key),
    );
    useCanvas.setState({ findings: findingsByItem(check?.diagnostics ?? [], keys) });
  }, [check, layout]);
}

function focusItem(root: HTMLElement, key: string, extend = false): void {
  useCanvas.setState({ focus: key });
  const element = root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (element?.classList.contains("flow-card")) pick(key, extend);
  element?.focus({ preventScroll: true });
}

/** The selected card is the one Tab comes to, and is brought into view. */
function useFocusFollowsSelection(
  root: React.RefObject<HTMLDivElement | null>,
  layout: Layout | null,
  show: (item: Item) => void,
  ready: boolean,
): void {
  const selected = useEditor((state) => state.selected);
  useEffect(() => {
    if (layout === null || !ready) return;
    const known = (key: string | null): boolean => layout.items.some((one) => one.key === key);
    let path = selected ?? [];
    while (path.length > 0 && !layout.items.some((one) => one.key === pathKey(path))) path = path.slice(0, -1);
    const item = layout.items.find((one) => one.key === pathKey(path));
    if (item !== undefined) {
      const before = useCanvas.getState().focus;
      useCanvas.setState({ focus: item.key });
      show(item);
      // An edit made by key must not lose the keyboard: the focus goes on to the card that is selected now.
      const active = document.activeElement;
      const lost = active === null || active === document.body;
      const inside = root.current?.contains(active) === true && active?.classList.contains("flow-card") === true;
      if (inside || (lost && before !== null && before !== item.key)) {
        root.current
          ?.querySelector<HTMLElement>(`[data-key="${CSS.escape(item.key)}"]`)
          ?.focus({ preventScroll: true });
      }
    } else if (!known(useCanvas.getState().focus)) {
      useCanvas.setState({ focus: layout.items[0]?.key ?? null });
    }
  }, [selected, layout, root, show, ready]);
}

function useViewport(root: React.RefObject<HTMLDivElement | null>, layout: Layout | null, id: string) {
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

/** Dragging a card over places; the nearest that may take it lights up, and letting go there moves the step. */
function useDragging(layout: Layout | null, reset: () => void) {
  const { screenToFlowPosition } = useReactFlow();
  const [active, setActive] = useState(false);
  const places = useRef<Extract<Item, { kind: "place" }>[]>([]);
  const moved = useRef<Path[]>([]);

  const onStart: OnNodeDrag<CanvasNode> = (_, node) => {
    const path = pathOfKey(node.id);
    const selected = selectedSteps();
    moved.current = selected.length > 1 && selected.some((one) => pathKey(one) === node.id) ? selected : [path];
    if (moved.current.length === 1 && isStep(path)) useEditor.getState().select(path);
    places.current = (layout?.items ?? [])
      .filter((one) => one.kind === "place")
      .filter((one) => canMove(moved.current, one.place));
    useCanvas.setState({ dragging: moved.current, open: new Set(places.current.map((one) => one.key)), drop: null });
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
    const target = places.current.find((one) => one.key === useCanvas.getState().drop)?.place;
    useCanvas.setState({ dragging: [], open: null, drop: null });
    setActive(false);
    if (target === undefined) reset();
    else void move(moved.current, target).then((done) => done || reset());
  };
  return { active, onStart, onDrag, onStop };
}
