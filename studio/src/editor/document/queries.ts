/** What the editor's panels ask the server beside the document itself. */
import { useQuery } from "@tanstack/react-query";

import { request } from "@/api/client";
import type { Path } from "@/model/path";
import type { Diagnostic, Source } from "./client";

const at = (id: string) => `/workflows/${encodeURIComponent(id)}`;

export interface Version {
  hash: string;
  created_at: string;
  author: string | null;
  open_runs: number;
  current: boolean;
  has_source: boolean;
}

export interface Change {
  kind: "added" | "removed" | "changed" | "moved";
  path: Path;
  where: string;
  before: unknown;
  after: unknown;
  text: string;
}

export interface Diff {
  from: string;
  to: string;
  text: string;
  changes: Change[] | null;
  why_not: string | null;
}

export interface Published {
  number: number;
  changed: string[];
  version: string | null;
  diagnostics: Diagnostic[];
}

export const publish = (id: string, etag: string | null) =>
  request<Published>("POST", `${at(id)}/publish`, { body: { etag } });
export const rollBack = (id: string, version: string, etag: string) =>
  request<Source>("POST", `${at(id)}/rollback`, { body: { version, etag } });

export function useVersions(id: string) {
  return useQuery({
    queryKey: ["editor", "versions", id],
    queryFn: ({ signal }) => request<{ data: Version[]; next: string | null }>("GET", `${at(id)}/versions`, { signal }),
  });
}

export function useDiff(id: string, from: string | null, to: string) {
  return useQuery({
    queryKey: ["editor", "diff", id, from, to],
    enabled: from !== null,
    queryFn: ({ signal }) => request<Diff>("GET", `${at(id)}/diff`, { query: { from, to }, signal }),
  });
}
