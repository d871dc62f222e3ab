/** The file behind the text: opened, saved, watched for changes, with drafts and conflicts. */
import type { Source } from "@/api/editor";
import type { Checker } from "./checking";
import type { Draft, Drafts } from "./drafts";
import { derivedFrom, type History } from "./history";
import type { Enqueue } from "./queue";
import { isAway, type Retrier } from "./unsent";
import {
  editErrorOf,
  type EditorDependencies,
  type EditorStore,
  EMPTY,
  isUnsaved,
  type PersistenceActions,
  type SaveResult,
} from "./state";

const NOT_EDITABLE = "This server does not allow its workflow files to be changed.";

export interface PersistenceDependencies extends Pick<EditorDependencies, "client" | "drafts"> {
  checker: Checker;
  history: History;
  enqueue: Enqueue;
  retrier: Retrier;
  keepDraft: () => void;
}

/** Keep the text in the browser while it differs from the file. */
export function createDraftKeeper(
  { getState }: EditorStore,
  { drafts, now }: Pick<EditorDependencies, "drafts" | "now">,
): () => void {
  return () => {
    const { id, text, savedText, etag, phase, unsent } = getState();
    if (phase !== "ready") return;
    if (!isUnsaved(getState())) drafts.drop(id);
    else drafts.put(id, { etag, base: savedText, text, at: new Date(now()).toISOString(), unsent });
  };
}

export function persistenceSlice(store: EditorStore, dependencies: PersistenceDependencies): PersistenceActions {
  const { getState, setState } = store;
  const { enqueue, history, keepDraft } = dependencies;
  return {
    ...openAndClose(store, dependencies),
    save: () => enqueue(() => saveFile(store, dependencies)),
    refresh: async () => {
      const { id, phase } = getState();
      if (phase === "ready") await enqueue(() => refreshFile(store, dependencies, id));
    },
    resolve(keep) {
      const { conflict } = getState();
      if (conflict === null) return;
      if (keep === "theirs") setState({ unsent: [], away: null, saveWhenBack: false });
      setState({ conflict: null, comparing: false, etag: conflict.etag, savedText: conflict.text, restored: null });
      if (keep === "theirs") history.commit(conflict.text, { label: "Use the file" });
      keepDraft();
    },
    discardDraft() {
      const { savedText, conflict, resolve } = getState();
      if (conflict !== null) resolve("theirs");
      else history.commit(savedText, { label: "Discard unsaved edits" });
      setState({ restored: null, unsent: [], away: null, saveWhenBack: false });
      keepDraft();
    },
  };
}

function openAndClose(
  { getState, setState }: EditorStore,
  { client, drafts, checker, history, retrier }: PersistenceDependencies,
): Pick<PersistenceActions, "open" | "close"> {
  // Counts openings: an answer about a workflow that is no longer open is dropped.
  let openings = 0;
  return {
    async open(id) {
      const opening = (openings += 1);
      checker.cancel();
      retrier.cancel();
      history.endTyping();
      setState({ ...EMPTY, id, phase: "loading" });
      try {
        const source = await client.source(id);
        if (opening !== openings) return;
        const draft = draftFor(id, source, drafts);
        setState({ ...openedState(source, draft, getState().lastParsed) });
        if (draft === null) drafts.drop(id);
        else void checker.checkNow();
        if (getState().unsent.length > 0) void getState().sendUnsent();
      } catch (error) {
        if (opening === openings) setState({ phase: "failed", failure: editErrorOf(error) });
      }
    },
    close() {
      openings += 1;
      checker.cancel();
      retrier.cancel();
      setState(EMPTY);
    },
  };
}

/** Unsaved edits of the workflow from before; null when there are none, or when they cannot be saved. */
function draftFor(id: string, source: Source, drafts: Drafts): Draft | null {
  const draft = source.editable ? drafts.get(id) : null;
  return draft !== null && (draft.text !== source.text || (draft.unsent ?? []).length > 0) ? draft : null;
}

function openedState(source: Source, draft: Draft | null, lastParsed: Parameters<typeof derivedFrom>[1]) {
  const base = { file: source.path, publishedVersion: source.published_version, unpublished: source.changed };
  const readOnly = source.editable ? null : NOT_EDITABLE;
  const common = { ...derivedFrom(draft?.text ?? source.text, lastParsed), ...base, readOnly, phase: "ready" as const };
  if (draft === null) return { ...common, etag: source.etag, savedText: source.text, check: source, checked: true };
  const fileChanged = draft.etag !== source.etag;
  return {
    ...common,
    etag: draft.etag,
    savedText: fileChanged ? draft.base : source.text,
    restored: draft.at,
    unsent: draft.unsent ?? [],
    conflict: fileChanged ? { text: source.text, etag: source.etag } : null,
  };
}

async function saveFile(
  { getState, setState }: EditorStore,
  { client, keepDraft, retrier }: PersistenceDependencies,
): Promise<SaveResult> {
  const { id, text, etag, savedText, readOnly, conflict, unsent } = getState();
  if (readOnly !== null) return { kind: "failed", message: readOnly };
  if (conflict !== null) {
    setState({ comparing: true });
    return { kind: "conflict" };
  }
  if (unsent.length > 0) {
    // They come first: what is saved without them is not what is on the page.
    setState({ saveWhenBack: true });
    return { kind: "waiting" };
  }
  if (text === savedText) {
    setState({ saveWhenBack: false, away: null });
    return { kind: "unchanged" };
  }
  setState({ saving: true });
  try {
    const answer = await client.save(id, text, etag);
    if (getState().id !== id) return { kind: "saved" };
    setState({ saveWhenBack: false, away: null });
    if (!answer.saved) {
      setState({ conflict: { text: answer.text, etag: answer.etag }, comparing: true });
      return { kind: "conflict" };
    }
    setState({
      etag: answer.etag,
      savedText: text,
      restored: null,
      publishedVersion: answer.published_version,
      unpublished: answer.changed,
      publishError: answer.publish_error,
    });
    keepDraft();
    return { kind: "saved" };
  } catch (error) {
    if (isAway(error) && getState().id === id) {
      setState({ saveWhenBack: true });
      retrier.wait(error);
      return { kind: "waiting" };
    }
    setState({ saveWhenBack: false });
    return { kind: "failed", ...editErrorOf(error) };
  } finally {
    if (getState().id === id) setState({ saving: false });
  }
}

async function refreshFile(
  { getState, setState }: EditorStore,
  { client, history, keepDraft }: PersistenceDependencies,
  id: string,
): Promise<void> {
  const source = await client.source(id).catch(() => null);
  const { id: open, etag, text, savedText } = getState();
  if (source === null || open !== id) return;
  setState({ publishedVersion: source.published_version, unpublished: source.changed });
  if (source.etag === etag) return;
  if (source.text === text) {
    setState({ etag: source.etag, savedText: source.text, conflict: null, restored: null });
    keepDraft();
  } else if (text === savedText && getState().unsent.length === 0) {
    setState({ etag: source.etag, savedText: source.text, conflict: null });
    history.commit(source.text, { label: "Change of the file", check: source });
  } else {
    setState({ conflict: { text: source.text, etag: source.etag } });
  }
}
