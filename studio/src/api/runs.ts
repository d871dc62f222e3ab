/** Runs: lists by cursor, one run, and what can be done to them. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "./client";
import { useLiveState } from "./live-events";
import type { components, operations } from "./schema";

type Schemas = components["schemas"];
export type RunSummary = Schemas["RunSummary"];
export type RunDetail = Schemas["RunDetail"];
export type Step = Schemas["Step"];
export type Waiting = Schemas["Waiting"];
export type RunCounts = Schemas["RunCounts"];

/** A status, or parked, blocked or filtered. */
export type RunState = NonNullable<NonNullable<operations["list_runs"]["parameters"]["query"]>["status"]>;

export interface RunFilter {
  workflow?: string | undefined;
  status?: RunState | undefined;
  event?: string | undefined;
  search?: string | undefined;
}

const PAGE = 50;
export const TERMINAL: ReadonlySet<string> = new Set(["succeeded", "failed", "refused", "canceled"]);

export function useRuns(filter: RunFilter) {
  return useInfiniteQuery({
    queryKey: ["runs", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(client.GET("/runs", { params: { query: { ...filter, before: pageParam, limit: PAGE } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (old) => old,
  });
}

export function useRunCounts() {
  return useQuery({
    queryKey: ["runs", "counts"],
    queryFn: ({ signal }) => take(client.GET("/runs/counts", { signal })),
  });
}

export function useRun(id: string) {
  const live = useLiveState() === "live";
  return useQuery({
    queryKey: ["runs", "one", id],
    queryFn: ({ signal }) => take(client.GET("/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
    // Without live events an open run is polled.
    refetchInterval: (query) => (!live && query.state.data && !TERMINAL.has(query.state.data.status) ? 1500 : false),
  });
}

/** What a change of runs makes old. */
export function useRunsChanged() {
  const cache = useQueryClient();
  return () =>
    Promise.all(["runs", "overview", "approvals", "events"].map((key) => cache.invalidateQueries({ queryKey: [key] })));
}

export interface ForkBody {
  path?: string | null;
  inputs?: Record<string, unknown> | null;
  newest?: boolean;
}

export function useRunActions(id: string) {
  const changed = useRunsChanged();
  const path = { run_id: id };
  const done = { onSettled: changed };
  return {
    retry: useMutation({ mutationFn: () => take(client.POST("/runs/{run_id}/retry", { params: { path } })), ...done }),
    cancel: useMutation({
      mutationFn: () => take(client.POST("/runs/{run_id}/cancel", { params: { path } })),
      ...done,
    }),
    fork: useMutation({
      mutationFn: (body: ForkBody) =>
        take(client.POST("/runs/{run_id}/fork", { params: { path }, body: { newest: false, ...body } })),
      ...done,
    }),
    resolve: useMutation({
      mutationFn: (note: string | null) =>
        take(client.POST("/runs/{run_id}/resolve", { params: { path }, body: { note } })),
      ...done,
    }),
    reopen: useMutation({
      mutationFn: () => take(client.POST("/runs/{run_id}/reopen", { params: { path } })),
      ...done,
    }),
    decide: useMutation({
      mutationFn: (body: { path: string; approved: boolean; note?: string }) =>
        take(client.POST("/runs/{run_id}/decide", { params: { path }, body })),
      ...done,
    }),
  };
}
