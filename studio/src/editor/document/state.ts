/** What the editor knows. The text is the only truth; the document, the checks and the canvas derive from it. */
import type { StoreApi } from "zustand";
import { ApiError } from "@/api/client";
import type { CheckAnswer, Diagnostic, Operation } from "@/api/editor";
import type { Parsed, ParseProblem } from "@/model/document/parse";
import type { Path } from "@/model/document/path";
import type { DocumentClient } from "./client";
import type { Drafts, UnsentEdit } from "./drafts";

export interface EditError {
  message: string;
  hint?: string | undefined;
}

export const editErrorOf = (error: unknown): EditError =>
  error instanceof ApiError
    ? { message: error.message, hint: error.hint }
    : { message: error instanceof Error ? error.message : "Something went wrong", hint: undefined };

/** waiting: the server is away; the edits are kept and saved when it answers. */
export type SaveResult = { kind: "saved" | "unchanged" | "conflict" | "waiting" } | ({ kind: "failed" } & EditError);

/** One undo step: the text before a change, the label of the change, and what was selected. */
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

export interface SelectionState {
  selected: Path | null;
  /** Further selected steps beside `selected`. */
  marked: Path[];
}

export interface SelectionActions {
  select: (path: Path | null, also?: Path[]) => void;
}

export interface HistoryState {
  text: string;
  /** Plain data and source ranges by path; null while the text does not parse. */
  document: Parsed | null;
  /** The newest document that parsed: what the canvas shows while the text has a syntax error. */
  lastParsed: Parsed | null;
  syntax: ParseProblem | null;
  past: Change[];
  future: Change[];
  /** Edits that wait for the server. */
  pending: number;
  /** Why the last edit was refused; shown until the next one. */
  editError: EditError | null;
}

export interface HistoryActions {
  /** Typed in the YAML view; one undo step per pause. */
  setText: (text: string) => void;
  undo: () => void;
  redo: () => void;
  dismissEditError: () => void;
}

export interface UnsentState {
  /** In the order in which they were made; kept in the browser. */
  unsent: UnsentEdit[];
  /** Why the server can't be asked now; null when it answers. */
  away: EditError | null;
  /** Whether saving was asked for while the server was away. */
  saveWhenBack: boolean;
}

export interface UnsentActions {
  /**
   * Edit through the server: edits run one after another, each all or nothing. False when the server refuses it; true
   * when it is done, or kept because the server is away. `select`: what is selected afterwards; `result`: the object of
   * the last operation.
   */
  apply: (operations: Operation[], label: string, select?: Path | null | "result") => Promise<boolean>;
  /** Send what waits, now. */
  sendUnsent: () => Promise<void>;
  dropUnsent: (edit: UnsentEdit) => void;
}

export interface CheckState {
  check: CheckAnswer | null;
  /** Whether `check` is about the present text. */
  checked: boolean;
}

export interface CheckActions {
  diagnosticsAt: (path: Path) => Diagnostic[];
}

export interface PersistenceState {
  id: string;
  phase: "idle" | "loading" | "ready" | "failed";
  failure: EditError | null;
  /** The file's path in the project. */
  file: string;
  etag: string;
  savedText: string;
  /** Why nothing can be changed; null when it can. */
  readOnly: string | null;
  publishedVersion: string | null;
  /** Whether publishing the saved file would change what new runs use. */
  unpublished: boolean;
  /** Why the server does not run the last saved text. */
  publishError: string | null;
  saving: boolean;
  conflict: Conflict | null;
  /** Whether the two texts of the conflict are being compared. */
  comparing: boolean;
  /** When the restored draft was written (ISO-8601); null when nothing was restored. */
  restored: string | null;
}

export interface PersistenceActions {
  open: (id: string) => Promise<void>;
  close: () => void;
  save: () => Promise<SaveResult>;
  /** Ask whether the file changed: without unsaved edits its text is loaded, otherwise it is shown as a conflict. */
  refresh: () => Promise<void>;
  /** `mine` keeps the edits (the next save overwrites the file), `theirs` loads the file; both can be undone. */
  resolve: (keep: "mine" | "theirs") => void;
  discardDraft: () => void;
}

export type EditorData = SelectionState & HistoryState & UnsentState & CheckState & PersistenceState;
export type EditorState = EditorData &
  SelectionActions &
  HistoryActions &
  UnsentActions &
  CheckActions &
  PersistenceActions;

/** Whether there is anything that the file does not have. */
export const isUnsaved = ({ text, savedText, unsent }: EditorData): boolean => text !== savedText || unsent.length > 0;

export interface EditorDependencies {
  client: DocumentClient;
  drafts: Drafts;
  now: () => number;
  checkAfterMs: number;
  /** How long after a failed try the server is asked again. */
  retryAfterMs: number;
}

/** How the slices read and write the state they share. */
export type EditorStore = Pick<StoreApi<EditorState>, "getState" | "setState">;

export const EMPTY: EditorData = {
  id: "",
  phase: "idle",
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
  lastParsed: null,
  syntax: null,
  check: null,
  checked: false,
  selected: null,
  marked: [],
  past: [],
  future: [],
  pending: 0,
  unsent: [],
  away: null,
  saveWhenBack: false,
  saving: false,
  editError: null,
  conflict: null,
  comparing: false,
  restored: null,
};
