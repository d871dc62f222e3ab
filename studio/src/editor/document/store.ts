/** The editor's state. The text is the only truth; the document, the checks and the canvas are derived from it. */
import type { CheckAnswer, Diagnostic, Operation } from "@/api/editor";
import { create, type StoreApi, type UseBoundStore } from "zustand";

import { ApiError } from "@/api/client";
import { parse, type Parsed, type ParseProblem } from "@/model/parse";
import { type Path, samePath, startsWith, valueAt } from "@/model/path";
import { documentClient, type DocumentClient } from "./client";
import { type Drafts, storedDrafts } from "./drafts";

export type { Path } from "@/model/path";

export interface EditError {
  message: string;
  hint?: string | undefined;
}

export type SaveResult = { kind: "saved" | "unchanged" | "conflict" } | ({ kind: "failed" } & EditError);

/** One step back: the text before a change, what the change was called, and what was selected. */
export interface Change {
  text: string;
  label: string;
  selected: Path | null;
}

/** The file changed on disk while there are unsaved edits. */
export interface Conflict {
  text: string;
  etag: string;
}

export interface EditorState {
  id: string;
  phase: "idle" | "loading" | "ready" | "failed";
  failure: EditError | null;
  /** The file's path in the project. */
  file: string;
  text: string;
  etag: string;
  savedText: string;
  /** Why nothing can be changed; null when it can. */
  readOnly: string | null;
  publishedVersion: string | null;
  /** Whether publishing the saved file would change what new runs use. */
  unpublished: boolean;
  /** Why the last saved text is not what the server runs. */
  publishError: string | null;
  /** Plain data and source ranges by path; null while the text does not parse. */
  document: Parsed | null;
  /** The newest document that parsed: what the canvas shows while the text is being mended. */
  shown: Parsed | null;
  syntax: ParseProblem | null;
  check: CheckAnswer | null;
  /** Whether `check` is about the present text. */
  checked: boolean;
  selected: Path | null;
  /** Further selected steps beside `selected`. */
  marked: Path[];
  past: Change[];
  future: Change[];
  /** Edits on their way through the server. */
  pending: number;
  saving: boolean;
  /** Why the last edit was refused; shown until the next one. */
  editError: EditError | null;
  conflict: Conflict | null;
  /** Whether the two texts of the conflict are being compared. */
  comparing: boolean;
  /** When the restored draft was written (ISO-8601); null when nothing was restored. */
  restored: string | null;

  open(id: string): Promise<void>;
  close(): void;
  select(path: Path | null, also?: Path[]): void;
  /** Typed in the YAML view; one undo entry per pause. */
  setText(text: string): void;
  /**
   * Through the server, one after another, all or nothing; false when refused.
   * select: what is selected afterwards; `result`: what the last operation was about.
   */
  apply(operations: Operation[], label: string, select?: Path | null | "result"): Promise<boolean>;
  undo(): void;
  redo(): void;
  save(): Promise<SaveResult>;
  /** Look whether the file changed: taken over when there are no unsaved edits, shown as a conflict otherwise. */
  refresh(): Promise<void>;
  /** `mine` keeps the edits (the next save writes over the file), `theirs` takes the file; both can be undone. */
  resolve(keep: "mine" | "theirs"): void;
  discardDraft(): void;
  dismissEditError(): void;
  diagnosticsAt(path: Path): Diagnostic[];
}

export interface EditorDependencies {
  client: DocumentClient;
  drafts: Drafts;
  now(): number;
  checkAfterMs: number;
}

const TYPING_PAUSE_MS = 900;
const HISTORY = 200;

const editErrorOf = (error: unknown): EditError =>
  error instanceof ApiError
    ? { message: error.message, hint: error.hint }
    : { message: error instanceof Error ? error.message : "something went wrong", hint: undefined };

const EMPTY = {
  id: "",
  phase: "idle" as const,
  failure: null,
  file: "",
  text: "",
  etag: "",
  savedText: "",
  readOnly: null,
  publishedVersion: null,
  unpublished: false,
  publishError: null,
  document: null,
  shown: null,
  syntax: null,
  check: null,
  checked: false,
  selected: null,
  marked: [],
  past: [],
  future: [],
  pending: 0,
  saving: false,
  editError: null,
  conflict: null,
  comparing: false,
  restored: null,
};

export function createEditor({
  client,
  drafts,
  now,
  checkAfterMs,
}: EditorDependencies): UseBoundStore<StoreApi<EditorState>> {
  return create<EditorState>()((set, get) => {
    let queue: Promise<unknown> = Promise.resolve();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let typedAt = 0;
    // Counts openings: an answer for a workflow that was left meanwhile is dropped.
    let opening = 0;

    const derived = (text: string): Pick<EditorState, "text" | "document" | "shown" | "syntax"> => {
      const { document, problem } = parse(text);
      return { text, document, shown: document ?? get().shown, syntax: problem };
    };

    const keepDraft = (): void => {
      const { id, text, savedText, etag, phase } = get();
      if (phase !== "ready") return;
      if (text === savedText) drafts.drop(id);
      else drafts.put(id, { etag, base: savedText, text, at: new Date(now()).toISOString() });
    };

    const askForCheck = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void runCheck(), checkAfterMs);
    };

    const runCheck = async (): Promise<void> => {
      const { id, text } = get();
      try {
        const check = await client.check(id, text);
        if (get().id === id && get().text === text) set({ check, checked: true });
      } catch {
        // A check that fails changes nothing; the next keystroke asks again.
      }
    };

    const commit = (
      text: string,
      change: { label: string; select?: Path | null | undefined; check?: CheckAnswer | null; typed?: boolean },
    ): void => {
      const state = get();
      if (text === state.text) return;
      const goesOn = change.typed === true && typedAt > 0 && now() - typedAt < TYPING_PAUSE_MS;
      typedAt = change.typed === true ? now() : 0;
      const entry: Change = { text: state.text, label: change.label, selected: state.selected };
      const next = derived(text);
      const selected = nearestExisting(next.shown, change.select === undefined ? state.selected : change.select);
      set({
        ...next,
        past: goesOn ? state.past : [...state.past, entry].slice(-HISTORY),
        future: [],
        selected,
        marked: change.typed === true ? state.marked : [],
        editError: null,
        check: change.check ?? state.check,
        checked: change.check !== undefined && change.check !== null,
      });
      if (!get().checked) askForCheck();
      keepDraft();
    };

    const enqueue = <T>(job: () => Promise<T>): Promise<T> => {
      set({ pending: get().pending + 1 });
      const run = queue.then(job).finally(() => set({ pending: get().pending - 1 }));
      queue = run.catch(() => undefined);
      return run;
    };

    const stepHistory = (direction: "past" | "future"): void => {
      const state = get();
      const entry = state[direction].at(-1);
      if (entry === undefined || state.readOnly !== null) return;
      typedAt = 0;
      const other: Change = { text: state.text, label: entry.label, selected: state.selected };
      const next = derived(entry.text);
      set({
        ...next,
        past: direction === "past" ? state.past.slice(0, -1) : [...state.past, other],
        future: direction === "past" ? [...state.future, other] : state.future.slice(0, -1),
        selected: nearestExisting(next.shown, entry.selected),
        marked: [],
        checked: false,
        editError: null,
      });
      askForCheck();
      keepDraft();
    };

    return {
      ...EMPTY,

      async open(id) {
        const mine = (opening += 1);
        clearTimeout(timer);
        typedAt = 0;
        set({ ...EMPTY, id, phase: "loading" });
        try {
          const source = await client.source(id);
          if (mine !== opening) return;
          const draft = source.editable ? drafts.get(id) : null;
          const kept = draft !== null && draft.text !== source.text ? draft : null;
          const moved = kept !== null && kept.etag !== source.etag;
          set({
            ...derived(kept?.text ?? source.text),
            phase: "ready",
            file: source.path,
            etag: moved ? kept.etag : source.etag,
            savedText: moved ? kept.base : source.text,
            readOnly: source.editable ? null : "This server does not allow its workflow files to be changed.",
            publishedVersion: source.published_version,
            unpublished: source.changed,
            check: kept === null ? source : null,
            checked: kept === null,
            restored: kept?.at ?? null,
            conflict: moved ? { text: source.text, etag: source.etag } : null,
          });
          if (kept === null) drafts.drop(id);
          if (!get().checked) void runCheck();
        } catch (error) {
          if (mine === opening) set({ phase: "failed", failure: editErrorOf(error) });
        }
      },

      close() {
        opening += 1;
        clearTimeout(timer);
        set(EMPTY);
      },

      select(path, also = []) {
        const state = get();
        if (samePath(path, state.selected) && also.length === 0 && state.marked.length === 0) return;
        set({ selected: path, marked: also.filter((one) => !samePath(one, path)) });
      },

      setText(text) {
        if (get().readOnly === null) commit(text, { label: "Typing", typed: true });
      },

      apply(operations, label, select) {
        return enqueue(async () => {
          const before = get();
          if (before.readOnly !== null) {
            set({ editError: { message: before.readOnly } });
            return false;
          }
          if (operations.length === 0) return true;
          try {
            const answer = await client.edit(before.id, before.text, operations);
            if (get().id !== before.id) return false;
            if (get().text !== before.text) {
              set({
                editError: { message: `“${label}” was not done: the text changed meanwhile.`, hint: "Try it again." },
              });
              return false;
            }
            const place = select === "result" ? answer.path : select;
            commit(answer.text, { label, select: place, check: answer });
            if (place !== undefined && !samePath(get().selected, place))
              set({ selected: nearestExisting(get().shown, place) });
            return true;
          } catch (error) {
            if (get().id === before.id) set({ editError: editErrorOf(error) });
            return false;
          }
        });
      },

      undo() {
        if (get().pending === 0) stepHistory("past");
        else void enqueue(async () => stepHistory("past"));
      },

      redo() {
        if (get().pending === 0) stepHistory("future");
        else void enqueue(async () => stepHistory("future"));
      },

      save() {
        return enqueue<SaveResult>(async () => {
          const { id, text, etag, savedText, readOnly, conflict } = get();
          if (readOnly !== null) return { kind: "failed", message: readOnly };
          if (conflict !== null) {
            set({ comparing: true });
            return { kind: "conflict" };
          }
          if (text === savedText) return { kind: "unchanged" };
          set({ saving: true });
          try {
            const answer = await client.save(id, text, etag);
            if (get().id !== id) return { kind: "saved" };
            if (!answer.saved) {
              set({ conflict: { text: answer.text, etag: answer.etag }, comparing: true });
              return { kind: "conflict" };
            }
            set({
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
            return { kind: "failed", ...editErrorOf(error) };
          } finally {
            if (get().id === id) set({ saving: false });
          }
        });
      },

      async refresh() {
        const { id, phase } = get();
        if (phase !== "ready") return;
        await enqueue(async () => {
          const source = await client.source(id).catch(() => null);
          const state = get();
          if (source === null || state.id !== id) return;
          set({ publishedVersion: source.published_version, unpublished: source.changed });
          if (source.etag === state.etag) return;
          if (source.text === state.text) {
            set({ etag: source.etag, savedText: source.text, conflict: null, restored: null });
            keepDraft();
          } else if (state.text === state.savedText) {
            set({ etag: source.etag, savedText: source.text, conflict: null });
            commit(source.text, { label: "Change of the file", check: source });
          } else {
            set({ conflict: { text: source.text, etag: source.etag } });
          }
        });
      },

      resolve(keep) {
        const { conflict } = get();
        if (conflict === null) return;
        set({ conflict: null, comparing: false, etag: conflict.etag, savedText: conflict.text, restored: null });
        if (keep === "theirs") commit(conflict.text, { label: "Take the file's text" });
        keepDraft();
      },

      discardDraft() {
        const { savedText, conflict } = get();
        if (conflict !== null) get().resolve("theirs");
        else commit(savedText, { label: "Discard unsaved edits" });
        set({ restored: null });
      },

      dismissEditError() {
        set({ editError: null });
      },

      diagnosticsAt(path) {
        return (get().check?.diagnostics ?? []).filter((one) => startsWith(one.path, path));
      },
    };
  });
}

/** The place itself, or the nearest one above it that still stands. */
function nearestExisting(document: Parsed | null, path: Path | null): Path | null {
  if (path === null || document === null) return path;
  let found = path;
  while (found.length > 0 && valueAt(document.data, found) === undefined) found = found.slice(0, -1);
  return found.length === 0 ? null : found;
}

export const useEditor: UseBoundStore<StoreApi<EditorState>> = createEditor({
  client: documentClient,
  drafts: storedDrafts(window.localStorage),
  now: () => Date.now(),
  checkAfterMs: 200,
});
