/**
 * The position of everything on the canvas. Steps run downwards; branches are side by side in the frame of their step.
 * Pure and stable: the same flow gives the same layout, and a change moves only what is below or around it.
 */
import type { Branch, Flow, Step, TriggerItem } from "./graph";
import type { Path } from "@/model/document/path";

export const CARD = { width: 288, height: 58 } as const;
/** Between a card and the next one below it. */
const GAP = 44;
/** The side of the button between two cards. */
const PLACE = 22;
/** Inside a frame, around what is in it. */
const PAD = 18;
/** Between branches side by side. */
const BETWEEN = 28;
/** The large button of an empty branch. */
const EMPTY = { width: 176, height: 40 } as const;
/** The large button for the steps that run when the run fails. */
const FAILURE = { width: 184, height: 30 } as const;
/** The button beside a card that adds a branch. */
const ADD = { width: 88, height: 26, gap: 8, top: 16 } as const;
/** The label above a branch. `character`: the mean width of one, as no text is measured here. `menu`: its arrow. */
const LABEL = { height: 26, least: 72, padding: 26, menu: 18, character: 7.2 } as const;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Somewhere a step can be put: `list` may not be in the file yet, `word` is the `stop` it would replace. */
export interface PlaceItem {
  key: string;
  list: Path;
  index: number;
  exists: boolean;
  /** An empty branch shows a place as large as a small card. */
  large: boolean;
  /** Said by screen readers and shown on large places. */
  label: string;
}

export type Item =
  | { kind: "trigger"; key: string; box: Box; trigger: TriggerItem }
  | { kind: "step"; key: string; box: Box; step: Step; depth: number; at: number; of: number; inside: string }
  | { kind: "label"; key: string; box: Box; branch: Branch; step: Step }
  | { kind: "add"; key: string; box: Box; step: Step }
  | { kind: "place"; key: string; box: Box; place: PlaceItem };

export interface Wire {
  key: string;
  points: [number, number][];
  /** Lit when all of these ran. */
  needs: string[];
}

export interface Frame {
  key: string;
  box: Box;
  tone: "plain" | "bad";
}

export interface Layout {
  /** In reading order. */
  items: Item[];
  wires: Wire[];
  frames: Frame[];
  width: number;
  height: number;
}

interface Size {
  width: number;
  height: number;
}

export function layoutOf(flow: Flow, options: { places: boolean } = { places: true }): Layout {
  return new LayoutBuilder(options.places).flow(flow);
}

class LayoutBuilder {
  private readonly items: Item[] = [];
  private readonly wires: Wire[] = [];
  private readonly frames: Frame[] = [];
  private readonly sizes = new Map<Step | Branch, Size>();

  constructor(private readonly places: boolean) {}

  flow(flow: Flow): Layout {
    const main = this.ofSteps(flow.main);
    const top = flow.triggers.length * CARD.width + (flow.triggers.length - 1) * BETWEEN;
    const width = Math.max(main.width, top, CARD.width);
    const middle = width / 2;
    const bus = CARD.height + GAP / 2;
    flow.triggers.forEach((trigger, at) => {
      const x = middle - top / 2 + at * (CARD.width + BETWEEN);
      this.items.push({
        kind: "trigger",
        key: trigger.key,
        box: { x, y: 0, width: CARD.width, height: CARD.height },
        trigger,
      });
      const first = flow.main.steps[0];
      const needs = first === undefined ? [trigger.key] : [trigger.key, first.key];
      const from: [number, number] = [x + CARD.width / 2, CARD.height];
      this.wires.push({
        key: `w:${trigger.key}`,
        points: [from, [from[0], bus], [middle, bus], [middle, bus + GAP / 2]],
        needs,
      });
    });
    let bottom = this.steps(flow.main, middle, bus + GAP / 2 - GAP, 0, "the workflow");
    if (flow.onError.exists || this.places) bottom = this.failure(flow.onError, middle, bottom + GAP);
    return { items: this.items, wires: this.wires, frames: this.frames, width, height: bottom };
  }

  private failure(branch: Branch, middle: number, y: number): number {
    if (!branch.exists) {
      const box = { x: middle - FAILURE.width / 2, y, width: FAILURE.width, height: FAILURE.height };
      this.place(
        { key: "p:on_error/0", list: branch.path, index: 0, exists: false, large: true, label: "When the run fails…" },
        box,
      );
      return y + box.height;
    }
    const inner = this.ofLane(branch);
    const width = inner.width + 2 * PAD;
    this.frames.push({
      key: branch.key,
      tone: "bad",
      box: { x: middle - width / 2, y, width, height: inner.height + 2 * PAD },
    });
    this.lane(branch, null, middle, y + PAD, 1);
    return y + inner.height + 2 * PAD;
  }

  // ---------------------------------------------------------------- sizes

  private ofStep(step: Step): Size {
    const known = this.sizes.get(step);
    if (known !== undefined) return known;
    let size: Size = CARD;
    if (step.branches.length > 0) {
      const lanes = step.branches.map((branch) => this.ofLane(branch));
      const inner = lanes.reduce((sum, lane) => sum + lane.width, 0) + BETWEEN * (lanes.length - 1);
      const adds = step.adds !== null && this.places ? 2 * (ADD.gap + ADD.width) : 0;
      size = {
        width: Math.max(inner, CARD.width + adds) + 2 * PAD,
        height: PAD + CARD.height + GAP + Math.max(...lanes.map((lane) => lane.height)) + BETWEEN,
      };
    }
    this.sizes.set(step, size);
    return size;
  }

  private ofLane(branch: Branch): Size {
    const steps = this.ofSteps(branch);
    return { width: Math.max(steps.width, EMPTY.width), height: LABEL.height + steps.height };
  }

  /** A list of steps, with the gap above the first and the place below the last. */
  private ofSteps(branch: Branch): Size {
    const known = this.sizes.get(branch);
    if (known !== undefined) return known;
    const sizes = branch.steps.map((step) => this.ofStep(step));
    const size =
      sizes.length === 0
        ? { width: EMPTY.width, height: GAP / 2 + EMPTY.height }
        : {
            width: Math.max(...sizes.map((size) => size.width)),
            height: sizes.reduce((sum, size) => sum + GAP + size.height, 0) + (this.places ? GAP / 2 + PLACE / 2 : 0),
          };
    this.sizes.set(branch, size);
    return size;
  }

  // ---------------------------------------------------------------- drawing

  /** Draw a list downwards from `y` (the lower edge of the item above); return its lower edge. */
  private steps(branch: Branch, middle: number, y: number, depth: number, inside: string): number {
    if (branch.steps.length === 0) return this.nothing(branch, middle, y);
    let at = y;
    branch.steps.forEach((step, index) => {
      const before = branch.steps[index - 1];
      this.between(
        branch,
        index,
        middle,
        at,
        before === undefined ? `Add a step at the start of ${inside}` : `Add a step after ${named(before)}`,
      );
      const from = before === undefined ? (depth > 0 ? branch.key : null) : before.ends ? null : before.key;
      if (from !== null)
        this.wires.push({
          key: `w:${step.key}`,
          points: [
            [middle, at],
            [middle, at + GAP],
          ],
          needs: [from, step.key],
        });
      at = this.step(step, middle, at + GAP, depth, { at: index + 1, of: branch.steps.length, inside });
    });
    const last = branch.steps.at(-1);
    if (this.places && last !== undefined) {
      if (!last.ends)
        this.wires.push({
          key: `e:${branch.key}`,
          points: [
            [middle, at],
            [middle, at + GAP / 2],
          ],
          needs: [last.key, "end"],
        });
      this.between(branch, branch.steps.length, middle, at, `Add a step after ${named(last)}`);
      return at + GAP / 2 + PLACE / 2;
    }
    return at;
  }

  private nothing(branch: Branch, middle: number, y: number): number {
    const top = y + GAP / 2;
    const box = { x: middle - EMPTY.width / 2, y: top, width: EMPTY.width, height: EMPTY.height };
    if (this.places) {
      const label = branch.word === null ? "Add a step" : branch.word === "stop" ? "Stops the run" : "Fails the run";
      this.place(
        { key: `p:${branch.key}/0`, list: branch.path, index: 0, exists: branch.exists, large: true, label },
        box,
      );
      this.wires.push({
        key: `e:${branch.key}`,
        points: [
          [middle, y],
          [middle, top],
        ],
        needs: [branch.key],
      });
    } else {
      this.wires.push({
        key: `e:${branch.key}`,
        points: [
          [middle, y],
          [middle, top + EMPTY.height],
        ],
        needs: [branch.key],
      });
    }
    return top + EMPTY.height;
  }

  private between(branch: Branch, index: number, middle: number, y: number, label: string): void {
    const box = { x: middle - PLACE / 2, y: y + (GAP - PLACE) / 2, width: PLACE, height: PLACE };
    this.place(
      { key: `p:${branch.key}/${index}`, list: branch.path, index, exists: branch.exists, large: false, label },
      box,
    );
  }

  private place(place: PlaceItem, box: Box): void {
    if (this.places) this.items.push({ kind: "place", key: place.key, box, place });
  }

  private step(
    step: Step,
    middle: number,
    y: number,
    depth: number,
    where: { at: number; of: number; inside: string },
  ): number {
    const size = this.ofStep(step);
    const nested = step.branches.length > 0;
    const top = nested ? y + PAD : y;
    this.items.push({
      kind: "step",
      key: step.key,
      step,
      depth,
      ...where,
      box: { x: middle - CARD.width / 2, y: top, width: CARD.width, height: CARD.height },
    });
    if (!nested) return y + CARD.height;
    this.frames.push({
      key: step.key,
      tone: "plain",
      box: { x: middle - size.width / 2, y, width: size.width, height: size.height },
    });
    if (step.adds !== null && this.places) {
      const box = { x: middle + CARD.width / 2 + ADD.gap, y: top + ADD.top, width: ADD.width, height: ADD.height };
      this.items.push({ kind: "add", key: `a:${step.key}`, box, step });
    }
    this.lanes(step, middle, { top: top + CARD.height, bottom: y + size.height }, depth);
    return y + size.height;
  }

  private lanes(step: Step, middle: number, edges: { top: number; bottom: number }, depth: number): void {
    const sizes = step.branches.map((branch) => this.ofLane(branch));
    const inner = sizes.reduce((sum, size) => sum + size.width, 0) + BETWEEN * (sizes.length - 1);
    let left = middle - inner / 2;
    const labels = edges.top + GAP;
    step.branches.forEach((branch, index) => {
      const width = sizes[index]?.width ?? 0;
      const x = left + width / 2;
      const fork = edges.top + GAP / 2;
      this.wires.push({
        key: `f:${branch.key}`,
        points: [
          [middle, edges.top],
          [middle, fork],
          [x, fork],
          [x, labels],
        ],
        needs: [step.key, branch.key],
      });
      const end = this.lane(branch, step, x, labels, depth + 1);
      const last = branch.steps.at(-1);
      if (branch.word === null && !(last?.ends ?? false)) {
        const merge = edges.bottom - BETWEEN / 2;
        this.wires.push({
          key: `m:${branch.key}`,
          points: [
            [x, end],
            [x, merge],
            [middle, merge],
            [middle, edges.bottom],
          ],
          needs: [branch.key, last?.key ?? branch.key],
        });
      }
      left += width + BETWEEN;
    });
  }

  private lane(branch: Branch, step: Step | null, middle: number, y: number, depth: number): number {
    const menu = branch.renames !== null || branch.removes !== null ? LABEL.menu : 0;
    const text = LABEL.padding + menu + branch.label.length * LABEL.character;
    const width = Math.min(this.ofLane(branch).width, Math.max(LABEL.least, text));
    const owner = step ?? { ...EMPTY_STEP, key: branch.key };
    this.items.push({
      kind: "label",
      key: `l:${branch.key}`,
      branch,
      step: owner,
      box: { x: middle - width / 2, y, width, height: LABEL.height },
    });
    return this.steps(
      branch,
      middle,
      y + LABEL.height,
      depth,
      step === null ? "the failure steps" : `“${branch.label}” of ${named(step)}`,
    );
  }
}

const EMPTY_STEP: Step = {
  key: "",
  path: [],
  run: "",
  verb: null,
  kind: "flow",
  id: null,
  name: null,
  title: "",
  detail: "",
  when: null,
  branches: [],
  adds: null,
  ends: false,
};

/** What a step is called in sentences: its name, its id, or its verb with its value. */
export function named(step: Step): string {
  return step.name ?? step.id ?? `${step.verb ?? "step"} ${step.title}`.trim();
}
