/** How fields change the document: one small operation each, through the store's queue. */
import type { Diagnostic, Operation } from "@/api/editor";
import { createContext, use, useMemo } from "react";
import { valueAt } from "@/model/document/path";
import { useEditor } from "../document/store";
import { equal, removeAt, setAt } from "../form-model/place";
import { type Path, samePath, startsWith } from "@/model/document/path";

export interface Changes {
  set: (path: Path, value: unknown, label: string) => Promise<boolean>;
  /** Take a key or item away; maps above it that are left empty go too, down to `keep` parts of the path. */
  remove: (path: Path, label: string, keep?: number) => Promise<boolean>;
  run: (operations: Operation[], label: string, select?: Path | null) => Promise<boolean>;
}

/** Which maps a form takes away with their last entry: `with: {}` says nothing, `set: {}` is a to-do. */
const OPTIONAL_MAPS = new Set(["with", "data", "headers", "vars", "input", "retry"]);

export function useChanges(): Changes {
  return useMemo(() => {
    const run: Changes["run"] = (operations, label, select) =>
      select === undefined
        ? useEditor.getState().apply(operations, label)
        : useEditor.getState().apply(operations, label, select);
    return {
      run,
      async set(path, value, label) {
        const data = useEditor.getState().document?.data;
        if (data === undefined) return false;
        if (equal(valueAt(data, path), value) && valueAt(data, path) !== undefined) return true;
        return run([setAt(data, path, value)], label);
      },
      async remove(path, label, keep) {
        const data = useEditor.getState().document?.data;
        if (data === undefined || valueAt(data, path) === undefined) return false;
        return run([removeAt(data, path, keep ?? keepOf(path))], label);
      },
    };
  }, []);
}

function keepOf(path: Path): number {
  let keep = path.length - 1;
  while (keep > 0 && OPTIONAL_MAPS.has(String(path[keep - 1]))) keep -= 1;
  return keep;
}

/** Whether fields can be changed now: the file may be edited and its text can be read. */
export const EditableContext = createContext(true);

export function useEditable(): boolean {
  return use(EditableContext);
}

const NONE: Diagnostic[] = [];

/** The findings about a place: at it exactly, or (`below`) anywhere in it. */
export function useFindings(path: Path, below: boolean): Diagnostic[] {
  const check = useEditor((state) => state.check);
  return useMemo(() => {
    const problems = (check?.diagnostics ?? NONE).filter((finding) =>
      below ? startsWith(finding.path, path) : samePath(finding.path, path),
    );
    return problems.length === 0 ? NONE : problems;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the path is a new array on every rendering; its text matters
  }, [check, below, JSON.stringify(path)]);
}

/** The value at a path of the document now. */
export function useValue(path: Path): unknown {
  const document = useEditor((state) => state.document ?? state.lastParsed);
  return valueAt(document?.data, path);
}
