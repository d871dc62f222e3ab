/** Changes of the text: committed as undo steps, typed or edited through the server, undone and redone. */
import type { CheckAnswer } from "@/api/editor";
import { parse } from "@/model/parse";
import { type Path, samePath } from "@/model/path";
import type { Checker } from "./checking";
import type { Enqueue } from "./queue";
import { nearestExisting } from "./selection";
import {
  type Change,
  editErrorOf,
  type EditorDependencies,
  type EditorState,
  type EditorStore,
  type HistoryActions,
} from "./state";

const TYPING_PAUSE_MS = 900;
const MOST_UNDO_STEPS = 200;

export interface CommitOptions {
  label: string;
  select?: Path | null | undefined;
  /** The server's check of the new text, when it came with it. */
  check?: CheckAnswer | null;
  typed?: boolean;
}

export interface History {
  /** Make `text` the document, with one undo step back to the text before. */
  commit: (text: string, options: CommitOptions) => void;
  /** The next typed change starts an undo step of its own. */
  endTyping: () => void;
  stepHistory: (direction: "past" | "future") => void;
}

export interface HistoryDependencies extends Pick<EditorDependencies, "now"> {
  checker: Checker;
  keepDraft: () => void;
}

/** What follows from a text; `shown` keeps the newest document that parsed. */
export function derivedFrom(
  text: string,
  lastParsed: EditorState["lastParsed"],
): Pick<EditorState, "text" | "document" | "lastParsed" | "syntax"> {
  const { document, problem } = parse(text);
  return { text, document, lastParsed: document ?? lastParsed, syntax: problem };
}

export function createHistory(store: EditorStore, { now, checker, keepDraft }: HistoryDependencies): History {
  const { getState, setState } = store;
  let typedAt = 0;

  const commit = (text: string, { label, select, check = null, typed = false }: CommitOptions): void => {
    const state = getState();
    if (text === state.text) return;
    const continuesTyping = typed && typedAt > 0 && now() - typedAt < TYPING_PAUSE_MS;
    typedAt = typed ? now() : 0;
    const step: Change = { text: state.text, label, selected: state.selected };
    const next = derivedFrom(text, state.lastParsed);
    setState({
      ...next,
      past: continuesTyping ? state.past : [...state.past, step].slice(-MOST_UNDO_STEPS),
      future: [],
      selected: nearestExisting(next.lastParsed, select === undefined ? state.selected : select),
      marked: typed ? state.marked : [],
      editError: null,
      check: check ?? state.check,
      checked: check !== null,
    });
    if (check === null) checker.schedule();
    keepDraft();
  };

  const stepHistory = (direction: "past" | "future"): void => {
    const state = getState();
    const step = state[direction].at(-1);
    if (step === undefined || state.readOnly !== null) return;
    typedAt = 0;
    const back: Change = { text: state.text, label: step.label, selected: state.selected };
    const next = derivedFrom(step.text, state.lastParsed);
    setState({
      ...next,
      past: direction === "past" ? state.past.slice(0, -1) : [...state.past, back],
      future: direction === "past" ? [...state.future, back] : state.future.slice(0, -1),
      selected: nearestExisting(next.lastParsed, step.selected),
      marked: [],
      checked: false,
      editError: null,
    });
    checker.schedule();
    keepDraft();
  };

  const endTyping = (): void => {
    typedAt = 0;
  };
  return { commit, stepHistory, endTyping };
}

export interface HistorySliceDependencies extends Pick<EditorDependencies, "client"> {
  history: History;
  enqueue: Enqueue;
}

export function historySlice(store: EditorStore, dependencies: HistorySliceDependencies): HistoryActions {
  const { getState, setState } = store;
  const { history, enqueue } = dependencies;
  const step = (direction: "past" | "future"): void => {
    if (getState().pending === 0) history.stepHistory(direction);
    else void enqueue(() => history.stepHistory(direction));
  };
  return {
    setText(text) {
      if (getState().readOnly === null) history.commit(text, { label: "Typing", typed: true });
    },
    apply: (operations, label, select) =>
      enqueue(() => applyOperations(store, dependencies, { operations, label, select })),
    undo: () => step("past"),
    redo: () => step("future"),
    dismissEditError: () => setState({ editError: null }),
  };
}

interface Edit {
  operations: Parameters<HistoryActions["apply"]>[0];
  label: string;
  select: Parameters<HistoryActions["apply"]>[2];
}

async function applyOperations(
  { getState, setState }: EditorStore,
  { client, history }: HistorySliceDependencies,
  { operations, label, select }: Edit,
): Promise<boolean> {
  const { id, text, readOnly } = getState();
  if (readOnly !== null) {
    setState({ editError: { message: readOnly } });
    return false;
  }
  if (operations.length === 0) return true;
  try {
    const answer = await client.edit(id, text, operations);
    if (getState().id !== id) return false;
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
    if (getState().id === id) setState({ editError: editErrorOf(error) });
    return false;
  }
}
