/** What the canvas keeps beside the document: where a step is to be added, what is being dragged, what a run lit. */
import type { Diagnostic } from "@/api/editor";
import { create } from "zustand";

import type { Target } from "@/model/editing/operations";
import type { Overlay } from "@/model/runs/run-overlay";
import { type Path, pathKey } from "@/model/document/path";

export interface Finding {
  severity: Diagnostic["severity"];
  count: number;
  message: string;
}

export interface CanvasState {
  /** Where the catalog puts what is picked; null while it is closed. */
  adding: Target | "trigger" | null;
  /** What had the keyboard when the catalog was opened: it gets it back. */
  opener: Element | null;
  /** The place under what is being dragged. */
  drop: string | null;
  /** Keys of the places where what is being dragged may go; null when nothing is dragged. */
  open: ReadonlySet<string> | null;
  dragging: Path[];
  findings: ReadonlyMap<string, Finding>;
  overlay: Overlay | null;
  /** The item that takes the keyboard focus when the canvas is tabbed into. */
  focus: string | null;
}

export const useCanvas = create<CanvasState>()(() => ({
  adding: null,
  opener: null,
  drop: null,
  open: null,
  dragging: [],
  findings: new Map(),
  overlay: null,
  focus: null,
}));

const RANK = { advice: 0, warning: 1, error: 2 };

/** Findings by the innermost item they are about, so that a step does not shout for the steps inside it. */
export function findingsByItem(diagnostics: readonly Diagnostic[], keys: ReadonlySet<string>): Map<string, Finding> {
  const worst = new Map<string, Finding>();
  for (const diagnostic of diagnostics) {
    let path = [...diagnostic.path];
    while (path.length > 0 && !keys.has(pathKey(path))) path = path.slice(0, -1);
    if (path.length === 0) continue;
    const key = pathKey(path);
    const known = worst.get(key);
    if (known === undefined) worst.set(key, { severity: diagnostic.severity, count: 1, message: diagnostic.message });
    else {
      known.count += 1;
      if (RANK[diagnostic.severity] > RANK[known.severity]) {
        known.severity = diagnostic.severity;
        known.message = diagnostic.message;
      }
    }
  }
  return worst;
}
