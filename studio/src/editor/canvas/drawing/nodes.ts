/** Items of the layout as React Flow nodes. A node whose item looks the same stays the same object, so React doesn't draw it again. */
import type { Item, Layout } from "@/model/graph/layout";
import type { CanvasNode } from "./cards";

const QUIET = { role: undefined, "aria-roledescription": undefined, "aria-describedby": undefined } as const;

/** All that a card shows of its item. */
function look(item: Item): string {
  switch (item.kind) {
    case "step": {
      const { verb, title, detail, id, name, when, adds, path } = item.step;
      return JSON.stringify([path, verb, title, detail, id, name, when, adds, item.at, item.of, item.inside]);
    }
    case "trigger":
      return JSON.stringify([item.trigger.path, item.trigger.kind, item.trigger.title, item.trigger.detail]);
    case "label":
      return JSON.stringify([
        item.branch.path,
        item.branch.label,
        item.branch.tone,
        item.branch.removes,
        item.branch.renames,
        item.branch.steps.length,
        item.step.path,
      ]);
    case "add":
      return JSON.stringify([item.step.path, item.step.adds, item.step.id, item.step.name]);
    case "place":
      return JSON.stringify(item.place);
  }
}

export interface Drawn {
  nodes: CanvasNode[];
  looks: Map<string, string>;
}

export function nodesOf(layout: Layout, before: Drawn | null, draggable: boolean): Drawn {
  const old = new Map((before?.nodes ?? []).map((node) => [node.id, node]));
  const looks = new Map<string, string>();
  const nodes = layout.items.map((item) => {
    const signature = `${item.kind}|${look(item)}|${draggable}`;
    looks.set(item.key, signature);
    const known = old.get(item.key);
    const { x, y, width, height } = item.box;
    if (known !== undefined && before?.looks.get(item.key) === signature) {
      if (known.position.x === x && known.position.y === y && known.width === width && known.height === height)
        return known;
      return { ...known, position: { x, y }, width, height };
    }
    return {
      id: item.key,
      type: item.kind,
      position: { x, y },
      width,
      height,
      data: { item },
      draggable: draggable && item.kind === "step",
      selectable: false,
      focusable: false,
      connectable: false,
      domAttributes: QUIET,
    } as unknown as CanvasNode;
  });
  return { nodes, looks };
}
