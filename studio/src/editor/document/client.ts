/** What the editor asks the server, as one thin object: tests give the store a twin of it. */
import { ApiError, request } from "@/api/client";
import type { Path } from "@/model/path";

export interface Place {
  line: number;
  column: number;
  offset: number;
}

export interface Diagnostic {
  code: string;
  severity: "error" | "warning" | "advice";
  message: string;
  hint: string | null;
  path: Path;
  start: Place;
  end: Place;
  /** The run path of the step it is about. */
  step: string | null;
  docs?: string | null;
}

export interface CheckAnswer {
  diagnostics: Diagnostic[];
  outline: unknown;
  lane: { name: string; why: string } | null;
  /** The hash the workflow would have when published; null while there are errors. */
  version: string | null;
  syntax_ok: boolean;
  ok: boolean;
}

/** One change; `src/payloom/api/management/editor/models.py` says what each does. */
export interface Operation {
  op: "set" | "insert" | "remove" | "move" | "copy" | "rename_step" | "rename_key" | "replace_step" | "wrap" | "unwrap";
  path: Path;
  value?: unknown;
  to?: Path | number | string;
  id?: string;
  key?: string;
  count?: number;
}

/** path: where what the last operation was about stands now. */
export interface EditAnswer extends CheckAnswer {
  text: string;
  path: Path | null;
}

export interface Source extends CheckAnswer {
  id: string;
  path: string;
  text: string;
  etag: string;
  editable: boolean;
  published_version: string | null;
  /** Whether publishing would change what new runs use. */
  changed: boolean;
}

/** A file just written. published: whether the server uses it now; publish_error: why not. */
export interface Saved extends Source {
  published: boolean;
  publish_error: string | null;
}

export type SaveAnswer =
  | ({ saved: true } & Pick<Saved, "etag" | "published_version" | "changed" | "published" | "publish_error">)
  | { saved: false; text: string; etag: string };

/** What the store needs of the server. */
export interface DocumentClient {
  source(id: string): Promise<Source>;
  save(id: string, text: string, etag: string): Promise<SaveAnswer>;
  check(id: string, text: string): Promise<CheckAnswer>;
  edit(id: string, text: string, operations: Operation[]): Promise<EditAnswer>;
}

const at = (id: string) => `/workflows/${encodeURIComponent(id)}`;

export const documentClient: DocumentClient = {
  source: (id) => request<Source>("GET", `${at(id)}/source`),
  save: async (id, text, etag) => {
    try {
      return { saved: true, ...(await request<Saved>("PUT", `${at(id)}/source`, { body: { text, etag } })) };
    } catch (error) {
      const data = error instanceof ApiError && error.status === 409 ? error.body.data : null;
      if (typeof data === "object" && data !== null && "text" in data && "etag" in data) {
        return { saved: false, text: String(data.text), etag: String(data.etag) };
      }
      throw error;
    }
  },
  check: (id, text) => request<CheckAnswer>("POST", "/editor/check", { body: { id, text } }),
  edit: (id, text, operations) => request<EditAnswer>("POST", "/editor/edit", { body: { id, text, operations } }),
};
