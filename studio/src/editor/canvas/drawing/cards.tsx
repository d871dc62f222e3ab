/** The cards and buttons on the canvas. A card subscribes only to its own state, so a change redraws only the cards that it affects. */
import type { Node, NodeProps } from "@xyflow/react";
import { CircleAlert, CircleX, Info, Plus, Repeat2 } from "lucide-react";
import { memo } from "react";

import { duration } from "@/ui/format/format";
import { StatusIcon } from "@/ui/basics/status";
import { unmarked } from "@/ui/basics/words";
import type { Item } from "@/model/graph/layout";
import { samePath } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { openCatalog } from "@/editor/canvas/state/actions";
import { BranchMenu, NewBranch } from "./branches";
import { triggerIcon, verbIcon } from "@/ui/format/verbs";
import { useElement } from "@/editor/canvas/state/elements";
import { useCanvas } from "@/editor/canvas/state/state";

export type StepNode = Node<{ item: Extract<Item, { kind: "step" }> }, "step">;
export type TriggerNode = Node<{ item: Extract<Item, { kind: "trigger" }> }, "trigger">;
export type PlaceNode = Node<{ item: Extract<Item, { kind: "place" }> }, "place">;
export type LabelNode = Node<{ item: Extract<Item, { kind: "label" }> }, "label">;
export type AddNode = Node<{ item: Extract<Item, { kind: "add" }> }, "add">;
export type CanvasNode = StepNode | TriggerNode | PlaceNode | LabelNode | AddNode;

const useTab = (key: string): 0 | -1 => useCanvas((state) => (state.focus === key ? 0 : -1));

function FindingMark({ id }: { id: string }) {
  const finding = useCanvas((state) => state.findings.get(id));
  if (finding === undefined) return null;
  const Icon = finding.severity === "error" ? CircleX : finding.severity === "warning" ? CircleAlert : Info;
  return (
    <span className={`flow-finding flow-${finding.severity}`} title={unmarked(finding.message)}>
      <Icon aria-hidden />
      {finding.count > 1 && <span aria-hidden>{finding.count}</span>}
    </span>
  );
}

const findingText = (finding: { severity: string; count: number; message: string } | undefined): string =>
  finding === undefined
    ? ""
    : `, ${finding.count} ${finding.severity}${finding.count > 1 ? "s" : ""}: ${unmarked(finding.message)}`;

function RunMark({ id }: { id: string }) {
  const mark = useCanvas((state) => state.overlay?.marks.get(id));
  if (mark === undefined) return null;
  return (
    <span className="flow-mark">
      {mark.times > 1 && (
        <span className="flow-times" title={`${mark.times} times`}>
          <Repeat2 aria-hidden />
          {mark.times}
        </span>
      )}
      {mark.ms !== null && <span className="num">{duration(mark.ms)}</span>}
      <StatusIcon status={mark.status} />
    </span>
  );
}

/** How a card looks in a run: `lit` on the way it took, `dim` beside it. */
const useWay = (key: string): string =>
  useCanvas((state) =>
    state.overlay === null || state.overlay.lit.size === 0
      ? ""
      : state.overlay.lit.has(key)
        ? " flow-lit"
        : " flow-dim",
  );

export const StepCard = memo(function StepCard({ data: { item } }: NodeProps<StepNode>) {
  const { step } = item;
  const selected = useEditor((state) => samePath(state.selected, step.path));
  const marked = useEditor((state) => state.marked.some((path) => samePath(path, step.path)));
  const carried = useCanvas((state) => state.dragging.some((path) => samePath(path, step.path)));
  const finding = useCanvas((state) => state.findings.get(step.key));
  const failed = useCanvas((state) => state.overlay?.marks.get(step.key)?.status === "failed");
  const tab = useTab(step.key);
  const element = useElement(step.key);
  const Icon = verbIcon(step.verb);
  const classes = `flow-card flow-${step.kind}${selected ? " flow-selected" : ""}${marked ? " flow-marked" : ""}${carried ? " flow-carried" : ""}${failed ? " flow-failed" : ""}${useWay(step.key)}`;
  return (
    <div
      ref={element}
      className={classes}
      role="button"
      tabIndex={tab}
      data-key={step.key}
      aria-pressed={selected || marked}
    >
      <span className="flow-icon">
        <Icon aria-hidden />
      </span>
      <span className="flow-text">
        <span className="flow-title">
          {step.name === null && step.verb !== null && <b>{step.verb}</b>}
          <span className={step.name === null ? "flow-target" : "flow-name"}>{step.name ?? step.title}</span>
        </span>
        <span className="flow-detail">
          {step.when !== null && <span className="flow-when">when {step.when}</span>}
          {step.name === null ? step.detail : `${step.verb ?? ""} ${step.title}`}
        </span>
      </span>
      <span className="flow-side">
        {step.id !== null && <span className="flow-id">{step.id}</span>}
        <RunMark id={step.key} />
        <FindingMark id={step.key} />
      </span>
      <span className="hidden-text">
        step {item.at} of {item.of} in {item.inside}
        {findingText(finding)}
      </span>
    </div>
  );
});

export const TriggerCard = memo(function TriggerCard({ data: { item } }: NodeProps<TriggerNode>) {
  const { trigger } = item;
  const selected = useEditor((state) => samePath(state.selected, trigger.path));
  const finding = useCanvas((state) => state.findings.get(trigger.key));
  const tab = useTab(trigger.key);
  const element = useElement(trigger.key);
  const Icon = triggerIcon(trigger.kind);
  return (
    <div
      ref={element}
      className={`flow-card flow-trigger${selected ? " flow-selected" : ""}${useWay(trigger.key)}`}
      role="button"
      tabIndex={tab}
      data-key={trigger.key}
      aria-pressed={selected}
    >
      <span className="flow-icon">
        <Icon aria-hidden />
      </span>
      <span className="flow-text">
        <span className="flow-title">
          <span className="flow-target">{trigger.title}</span>
        </span>
        <span className="flow-detail">{trigger.detail}</span>
      </span>
      <span className="flow-side">
        <FindingMark id={trigger.key} />
      </span>
      <span className="hidden-text">trigger{findingText(finding)}</span>
    </div>
  );
});

export const PlaceButton = memo(function PlaceButton({ data: { item } }: NodeProps<PlaceNode>) {
  const { place } = item;
  const tab = useTab(place.key);
  const element = useElement(place.key);
  const aim = useCanvas((state) =>
    state.drop === place.key
      ? " flow-aim"
      : state.open === null
        ? ""
        : state.open.has(place.key)
          ? " flow-open"
          : " flow-shut",
  );
  return (
    <button
      ref={element}
      type="button"
      className={`nopan flow-place${place.large ? " flow-place-large" : ""}${aim}`}
      tabIndex={tab}
      data-key={place.key}
      aria-label={place.label}
      title={place.large ? undefined : place.label}
      onClick={() => openCatalog({ list: place.list, index: place.index })}
    >
      <Plus aria-hidden />
      {place.large && <span>{place.label}</span>}
    </button>
  );
});

export const BranchLabel = memo(function BranchLabel({ data: { item } }: NodeProps<LabelNode>) {
  const tab = useTab(item.key);
  const way = useWay(item.branch.key);
  return <BranchMenu item={item} tab={tab} className={`flow-label flow-label-${item.branch.tone}${way}`} />;
});

export const AddBranch = memo(function AddBranch({ data: { item } }: NodeProps<AddNode>) {
  return <NewBranch item={item} tab={useTab(item.key)} />;
});
