/** The selected steps. */
import type { Parsed } from "@/model/document/parse";
import { type Path, samePath, valueAt } from "@/model/document/path";
import type { EditorStore, SelectionActions } from "./state";

export function selectionSlice({ getState, setState }: EditorStore): SelectionActions {
  return {
    select(path, also = []) {
      const { selected, marked } = getState();
      if (samePath(path, selected) && also.length === 0 && marked.length === 0) return;
      setState({ selected: path, marked: also.filter((other) => !samePath(other, path)) });
    },
  };
}

/** The path itself, or the nearest one above it that exists in the document. */
export function nearestExisting(document: Parsed | null, path: Path | null): Path | null {
  if (path === null || document === null) return path;
  let nearest = path;
  while (nearest.length > 0 && valueAt(document.data, nearest) === undefined) nearest = nearest.slice(0, -1);
  return nearest.length === 0 ? null : nearest;
}
