/** Changes of the text: committed as undo steps, typed or edited through the server, undone and redone. */
import type { CheckAnswer } from "@/api/editor";
import { parse } from "@/model/document/parse";
import type { Path } from "@/model/document/path";
import type { Checker } from "./checking";
import type { Enqueue } from "./queue";
import { nearestExisting } from "./selection";
import type { Change, EditorDependencies, EditorState, EditorStore, HistoryActions } from "./state";

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

export interface HistorySliceDependencies {
  history: History;
  enqueue: Enqueue;
}

export function historySlice(
  { getState, setState }: EditorStore,
  { history, enqueue }: HistorySliceDependencies,
): HistoryActions {
  const step = (direction: "past" | "future"): void => {
    const waiting = getState().away === null ? undefined : getState().unsent.at(-1);
    // What the server has not seen is the newest change.
    if (direction === "past" && waiting !== undefined) getState().dropUnsent(waiting);
    else if (getState().pending === 0) history.stepHistory(direction);
    else void enqueue(() => history.stepHistory(direction));
  };
  return {
    setText(text) {
      if (getState().readOnly === null) history.commit(text, { label: "Typing", typed: true });
    },
    undo: () => step("past"),
    redo: () => step("future"),
    dismissEditError: () => setState({ editError: null }),
  };
}
