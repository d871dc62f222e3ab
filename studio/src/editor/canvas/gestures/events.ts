/** What the mouse, the keyboard and the clipboard do on the canvas. */
import { type ClipboardEvent, type KeyboardEvent, type MouseEvent, useMemo } from "react";
import type { Item, Layout } from "@/model/graph/layout";
import { type Path, pathKey, pathOfKey } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { copied, paste, pick, remove, selectedSteps } from "@/editor/canvas/state/actions";
import type { CanvasNode } from "@/editor/canvas/drawing/cards";
import { keyAction, neighbour } from "./keyboard";
import { focusItem } from "./use-focus";

type Open = ((path: Path) => void) | undefined;

const isCard = (node: CanvasNode): boolean => node.type === "step" || node.type === "trigger";
const clearSelection = (): void => useEditor.getState().select(null);

/** A click selects, a double click opens, the menu is about the card it was called on. */
export function useNodeEvents(onOpen: Open) {
  return useMemo(
    () => ({
      onNodeClick: (event: MouseEvent, node: CanvasNode): void => {
        if (isCard(node)) pick(node.id, event.shiftKey || event.metaKey || event.ctrlKey);
      },
      onNodeDoubleClick: (_: MouseEvent, node: CanvasNode): void => {
        if (isCard(node)) onOpen?.(pathOfKey(node.id));
      },
      onNodeContextMenu: (_: MouseEvent, node: CanvasNode): void => {
        if (!isCard(node) || selectedSteps().some((path) => pathKey(path) === node.id)) return;
        useEditor.getState().select(pathOfKey(node.id));
      },
      onPaneClick: clearSelection,
    }),
    [onOpen],
  );
}

export interface KeyContext {
  root: HTMLElement | null;
  layout: Layout;
  /** Bring an item into view. */
  show: (item: Item) => void;
  fit: () => void;
  onOpen: Open;
}

export function canvasKeyDown(event: KeyboardEvent, { root, layout, show, fit, onOpen }: KeyContext): void {
  const target = event.target as HTMLElement;
  if (target.closest("input, textarea, select, [role=menu], [role=dialog]") !== null) return;
  if (root?.contains(target) !== true) return;
  const key = target.closest<HTMLElement>("[data-key]")?.dataset["key"] ?? null;
  const onCard = target.classList.contains("flow-card");
  if (event.key.startsWith("Arrow") && !event.altKey && !event.metaKey && !event.ctrlKey) {
    const to = neighbour(layout, key, event.key);
    event.preventDefault();
    const item = layout.items.find((candidate) => candidate.key === to);
    if (item === undefined) return;
    focusItem(item, event.shiftKey);
    show(item);
    return;
  }
  const open = (): void => {
    if (key !== null) onOpen?.(pathOfKey(key));
  };
  if (keyAction(event, { onCard, open, fit })) event.preventDefault();
}

const inField = (event: ClipboardEvent): boolean => (event.target as HTMLElement).closest("input, textarea") !== null;

const isReadOnly = (): boolean => useEditor.getState().readOnly !== null;

/** The selected steps as YAML on the clipboard; cutting removes them. */
export function copyOrCut(event: ClipboardEvent): void {
  const text = inField(event) ? null : copied();
  if (text === null) return;
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
  if (event.type === "cut" && !isReadOnly()) void remove();
}

export function pasteSteps(event: ClipboardEvent): void {
  if (isReadOnly() || inField(event)) return;
  event.preventDefault();
  void paste(event.clipboardData.getData("text/plain"));
}
