/** What the store asks the server; tests give the store a double of it. */
import { ApiError } from "@/api/client";
import {
  type CheckAnswer,
  checkText,
  type EditAnswer,
  editText,
  getSource,
  type Operation,
  type Saved,
  saveSource,
  type Source,
} from "@/api/editor";

export type SaveAnswer =
  | ({ saved: true } & Pick<Saved, "etag" | "published_version" | "changed" | "published" | "publish_error">)
  | { saved: false; text: string; etag: string };

export interface DocumentClient {
  source: (id: string) => Promise<Source>;
  /** Not saved when the file on disk no longer has `etag`: the answer has the file's text and etag. */
  save: (id: string, text: string, etag: string) => Promise<SaveAnswer>;
  check: (id: string, text: string) => Promise<CheckAnswer>;
  edit: (id: string, text: string, operations: Operation[]) => Promise<EditAnswer>;
}

export const documentClient: DocumentClient = {
  source: getSource,
  save: async (id, text, etag) => {
    try {
      return { saved: true, ...(await saveSource(id, text, etag)) };
    } catch (error) {
      const data = error instanceof ApiError && error.status === 409 ? error.body.data : null;
      if (typeof data === "object" && data !== null && "text" in data && "etag" in data) {
        return { saved: false, text: String(data.text), etag: String(data.etag) };
      }
      throw error;
    }
  },
  check: checkText,
  edit: editText,
};
