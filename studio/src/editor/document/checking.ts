/** Checks of the text by the server, some time after the last change. */
import { startsWith } from "@/model/document/path";
import type { CheckActions, EditorDependencies, EditorStore } from "./state";

export interface Checker {
  /** Check after a pause; a further call starts the pause again. */
  schedule: () => void;
  checkNow: () => Promise<void>;
  cancel: () => void;
}

type CheckerDependencies = Pick<EditorDependencies, "client" | "checkAfterMs">;

export function createChecker(
  { getState, setState }: EditorStore,
  { client, checkAfterMs }: CheckerDependencies,
): Checker {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => clearTimeout(timer);
  const checkNow = async (): Promise<void> => {
    const { id, text } = getState();
    try {
      const check = await client.check(id, text);
      if (getState().id === id && getState().text === text) setState({ check, checked: true });
    } catch {
      // A check that fails changes nothing; the next keystroke asks again.
    }
  };
  const schedule = () => {
    cancel();
    timer = setTimeout(() => void checkNow(), checkAfterMs);
  };
  return { schedule, checkNow, cancel };
}

export function checkSlice({ getState }: EditorStore): CheckActions {
  return {
    diagnosticsAt: (path) => (getState().check?.diagnostics ?? []).filter((finding) => startsWith(finding.path, path)),
  };
}
