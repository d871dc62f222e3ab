/** The workflow as a picture that can be changed: select, drag, insert, by mouse and by keyboard. */
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  MiniMap,
  type NodeChange,
  type NodeTypes,
  ReactFlow,
  ReactFlowProvider,
  type ReactFlowProps,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { flowOf } from "@/model/graph/graph";
import { type Layout, layoutOf } from "@/model/graph/layout";
import type { Path } from "@/model/document/path";
import { useEditor } from "../document/store";
import { AddBranch, BranchLabel, type CanvasNode, PlaceButton, StepCard, TriggerCard } from "./drawing/cards";
import { canvasKeyDown, copyOrCut, pasteSteps, useNodeEvents } from "./gestures/events";
import { type Drawn, nodesOf } from "./drawing/nodes";
import { StepMenu } from "./step-menu";
import { Toolbar } from "./toolbar";
import { useDragging } from "./gestures/use-dragging";
import { useFindings, useFocusFollowsSelection } from "./gestures/use-focus";
import { useViewport } from "./gestures/use-viewport";
import { Wires } from "./drawing/wires";
import "./canvas.css";

const TYPES: NodeTypes = {
  step: StepCard,
  trigger: TriggerCard,
  place: PlaceButton,
  label: BranchLabel,
  add: AddBranch,
};
/** With fewer steps the whole drawing is easy to see, and needs no map. */
const MINIMAP_FROM = 8;

/** React Flow draws and moves; selection, focus and keys are the canvas's own. */
const BEHAVIOUR: ReactFlowProps<CanvasNode> = {
  nodeTypes: TYPES,
  nodesConnectable: false,
  nodesFocusable: false,
  elementsSelectable: false,
  disableKeyboardA11y: true,
  selectionKeyCode: null,
  multiSelectionKeyCode: null,
  deleteKeyCode: null,
  selectNodesOnDrag: false,
  nodeDragThreshold: 4,
  panOnScroll: true,
  zoomOnDoubleClick: false,
  minZoom: 0.1,
  maxZoom: 1.5,
  proOptions: { hideAttribution: true },
};

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

function useLayout(readOnly: boolean): Layout | null {
  const lastParsed = useEditor((state) => state.lastParsed);
  return useMemo(
    () => (lastParsed === null ? null : layoutOf(flowOf(lastParsed.data), { places: !readOnly })),
    [lastParsed, readOnly],
  );
}

/** The nodes of a layout; dragging moves them until `reset` puts them back. */
function useNodes(layout: Layout | null, draggable: boolean) {
  const drawn = useRef<Drawn | null>(null);
  const next = useMemo(() => (layout === null ? null : nodesOf(layout, drawn.current, draggable)), [layout, draggable]);
  const [nodes, setNodes] = useState<CanvasNode[]>([]);
  useLayoutEffect(() => {
    drawn.current = next;
    setNodes(next?.nodes ?? []);
  }, [next]);
  const onNodesChange = useCallback((changes: NodeChange<CanvasNode>[]) => {
    // Only dragging moves a card; sizes and positions are the layout's.
    const moves = changes.filter((change) => change.type === "position" || change.type === "dimensions");
    if (moves.length > 0) setNodes((old) => applyNodeChanges(moves, old));
  }, []);
  return { nodes, onNodesChange, reset: () => setNodes(next?.nodes ?? []) };
}

function Canvas({ onOpen }: CanvasViewProps) {
  const readOnly = useEditor((state) => state.readOnly !== null);
  const stale = useEditor((state) => state.document === null);
  const id = useEditor((state) => state.id);
  const layout = useLayout(readOnly);
  const { nodes, onNodesChange, reset } = useNodes(layout, !readOnly && !stale);
  useFindings(layout);
  const root = useRef<HTMLDivElement>(null);
  const { show, fit, ready, onInit } = useViewport(root, layout, id);
  const drag = useDragging(layout, reset);
  useFocusFollowsSelection(root, layout, show, ready);
  const nodeEvents = useNodeEvents(onOpen);

  if (layout === null) return <div className="flow-none">The file has a syntax error. Fix it in the YAML view.</div>;
  return (
    <div
      ref={root}
      className={`flow${drag.active ? " flow-dragging" : ""}${stale ? " flow-stale" : ""}`}
      role="group"
      aria-label="Workflow canvas"
      onKeyDown={(event) => canvasKeyDown(event, { root: root.current, layout, show, fit, onOpen })}
      onCopy={copyOrCut}
      onCut={copyOrCut}
      onPaste={pasteSteps}
    >
      <Toolbar fit={fit} {...(onOpen === undefined ? {} : { onOpen })} />
      {stale && <p className="flow-stale-note">The text has a syntax error. This is the last version without one.</p>}
      <StepMenu onOpen={onOpen}>
        <div className="flow-surface">
          <ReactFlow<CanvasNode>
            {...BEHAVIOUR}
            {...nodeEvents}
            nodes={nodes}
            onInit={onInit}
            onNodesChange={onNodesChange}
            onNodeDragStart={drag.onStart}
            onNodeDrag={drag.onDrag}
            onNodeDragStop={drag.onStop}
            nodesDraggable={!readOnly && !stale}
          >
            <Wires layout={layout} />
            <Background variant={BackgroundVariant.Dots} gap={20} size={1} color="var(--line-strong)" />
            <Overview layout={layout} />
          </ReactFlow>
        </div>
      </StepMenu>
    </div>
  );
}

const miniClass = (node: CanvasNode): string => `mini-${node.type}`;

function Overview({ layout }: { layout: Layout }) {
  if (layout.items.filter((item) => item.kind === "step").length <= MINIMAP_FROM) return null;
  return (
    <MiniMap pannable zoomable nodeClassName={miniClass} nodeBorderRadius={8} ariaLabel="Overview of the workflow" />
  );
}
