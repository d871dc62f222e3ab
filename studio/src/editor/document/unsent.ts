/** Edits on their way to the server: kept in the browser from the first moment, sent again until the server answers. */
import { ApiError } from "@/api/client";
import { samePath } from "@/model/document/path";
import type { UnsentEdit } from "./drafts";
import type { History } from "./history";
import type { Enqueue } from "./queue";
import { nearestExisting } from "./selection";
import { editErrorOf, type EditorDependencies, type EditorStore, type UnsentActions } from "./state";

/** Nothing was decided about the request: the server is away, is too busy, or no longer knows who asks. */
export const isAway = (error: unknown): boolean =>
  error instanceof ApiError && [0, 401, 429, 502, 503, 504].includes(error.status);

export interface Retrier {
  /** The server is away: say so, and try again after a pause. */
  wait: (error: unknown) => void;
  cancel: () => void;
}

export function createRetrier({ getState, setState }: EditorStore, retryAfterMs: number): Retrier {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => clearTimeout(timer);
  const wait = (error: unknown) => {
    setState({ away: editErrorOf(error) });
    cancel();
    timer = setTimeout(() => void getState().sendUnsent(), retryAfterMs);
  };
  return { wait, cancel };
}

export interface UnsentDependencies extends Pick<EditorDependencies, "client"> {
  history: History;
  enqueue: Enqueue;
  retrier: Retrier;
  keepDraft: () => void;
}

export function unsentSlice(store: EditorStore, dependencies: UnsentDependencies): UnsentActions {
  const { getState, setState } = store;
  const { enqueue, keepDraft, retrier } = dependencies;
  return {
    async apply(operations, label, select) {
      const { readOnly, unsent } = getState();
      if (readOnly !== null) {
        setState({ editError: { message: readOnly } });
        return false;
      }
      if (operations.length === 0) return true;
      const edit: UnsentEdit = { operations, label, select };
      setState({ unsent: [...unsent, edit] });
      keepDraft();
      // Behind one that waits, this one waits, too: edits keep their order.
      return enqueue(() =>
        getState().away !== null && getState().unsent[0] !== edit ? true : send(store, dependencies, edit),
      );
    },
    async sendUnsent() {
      retrier.cancel();
      await enqueue(async () => {
        const { id } = getState();
        for (let [edit] = getState().unsent; edit !== undefined; [edit] = getState().unsent) {
          await send(store, dependencies, edit);
          if (getState().id !== id || getState().unsent[0] === edit) return;
        }
      });
      const { unsent, saveWhenBack, save } = getState();
      if (unsent.length > 0) return;
      if (saveWhenBack) await save();
      else setState({ away: null });
    },
    dropUnsent(edit) {
      setState({ unsent: getState().unsent.filter((other) => other !== edit) });
      if (getState().unsent.length === 0 && !getState().saveWhenBack) setState({ away: null });
      keepDraft();
    },
  };
}

/** Send one edit; true when it is done or kept, false when it is refused. */
async function send(
  { getState, setState }: EditorStore,
  { client, history, retrier }: UnsentDependencies,
  edit: UnsentEdit,
): Promise<boolean> {
  const { id, text, unsent } = getState();
  if (!unsent.includes(edit)) return false;
  const { operations, label, select } = edit;
  try {
    const answer = await client.edit(id, text, operations);
    if (getState().id !== id || !getState().unsent.includes(edit)) return false;
    setState({ away: null });
    getState().dropUnsent(edit);
    if (getState().text !== text) {
      setState({
        editError: { message: `“${label}” was not applied: the text has changed.`, hint: "Try again." },
      });
      return false;
    }
    const target = select === "result" ? answer.path : select;
    history.commit(answer.text, { label, select: target, check: answer });
    if (target !== undefined && !samePath(getState().selected, target))
      setState({ selected: nearestExisting(getState().lastParsed, target) });
    return true;
  } catch (error) {
    if (getState().id !== id) return false;
    if (isAway(error)) {
      retrier.wait(error);
      return true;
    }
    getState().dropUnsent(edit);
    setState({ editError: editErrorOf(error) });
    return false;
  }
}
