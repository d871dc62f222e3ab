/** tables.yaml and the templates of emails and pages. */
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";

export type ProjectFile = components["schemas"]["ProjectFile"];
export type FileEntry = components["schemas"]["FileEntry"];

export const files = {
  list: (signal: AbortSignal) => take(client.GET("/files", { signal })),
  read: (path: string, signal?: AbortSignal) =>
    take(client.GET("/files/{path}", { params: { path: { path } }, signal: signal ?? null })),
  save: (path: string, text: string, etag: string) =>
    take(client.PUT("/files/{path}", { params: { path: { path } }, body: { text, etag } })),
  create: (path: string, text: string) => take(client.POST("/files", { body: { path, text } })),
};
