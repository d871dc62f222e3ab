import type { Operation } from "@/api/editor";
import type { Path } from "@/model/document/path";

/** Keeps unsaved text across tabs and reloads: in the browser, by the workflow's id, with the file that it started from. */

/** An edit that the server has not answered yet. */
export interface UnsentEdit {
  operations: Operation[];
  label: string;
  select?: Path | null | "result" | undefined;
}

export interface Draft {
  etag: string;
  /** The file's text the draft began with, so that a conflict can be shown with all three. */
  base: string;
  text: string;
  /** ISO-8601. */
  at: string;
  /** Edits that the server had not answered yet. */
  unsent?: UnsentEdit[];
}

export interface Drafts {
  get: (id: string) => Draft | null;
  put: (id: string, draft: Draft) => void;
  drop: (id: string) => void;
}

const PREFIX = "payloom.draft.";

export function storedDrafts(storage: Storage): Drafts {
  return {
    get(id) {
      try {
        const draft: unknown = JSON.parse(storage.getItem(PREFIX + id) ?? "null");
        return isDraft(draft) ? draft : null;
      } catch {
        return null;
      }
    },
    put(id, draft) {
      try {
        storage.setItem(PREFIX + id, JSON.stringify(draft));
      } catch {
        // A full or forbidden storage must not stop the editing; the text is still in the page.
      }
    },
    drop(id) {
      try {
        storage.removeItem(PREFIX + id);
      } catch {
        // As above.
      }
    },
  };
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { etag, base, text, at, unsent = [] } = value as Record<string, unknown>;
  return Array.isArray(unsent) && [etag, base, text, at].every((part) => typeof part === "string");
}
