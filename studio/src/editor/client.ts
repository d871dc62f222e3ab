/** What the editor asks the server, as one thin object: tests give the store a twin of it. */
import { ApiError, request } from "../api/client";
import type { Path } from "../model/path";

export interface Place {
  line: number;
  column: number;
  offset: number;
}

export interface Diagnostic {
  code: string;
  severity: "error" | "warning" | "advice";
  message: string;
  hint?: string | null;
  path: Path;
  start: Place;
  end: Place;
  /** The step it belongs to: its place, or its id. */
  step?: string | Path | null;
}

export interface CheckAnswer {
  diagnostics: Diagnostic[];
  outline?: unknown;
  lane: { name: string; why: string | null } | null;
  syntax_ok: boolean;
}

export interface Operation {
  op: "set" | "insert" | "remove" | "move" | "rename_step" | "replace_step";
  path: Path;
  value?: unknown;
  to?: unknown;
}

export interface EditAnswer {
  text: string;
  check: CheckAnswer | null;
}

export interface Source {
  id: string;
  path: string;
  text: string;
  etag: string;
  editable: boolean;
  published_version: string | null;
  check: CheckAnswer | null;
}

export type SaveAnswer = { saved: true; etag: string } | { saved: false; text: string; etag: string };

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
      const answer = await request<{ etag: string }>("PUT", `${at(id)}/source`, { body: { text, etag } });
      return { saved: true, etag: answer.etag };
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
