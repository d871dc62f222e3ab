/** Actions on many runs, events, or emails: what they would do, and how far they are. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type BulkKind = Schemas["BulkStart"]["kind"];
export type BulkPlan = Schemas["BulkPlan"];
export type BulkJob = Schemas["BulkView"];
export type BulkItem = Schemas["BulkItemView"];
export type BulkResult = Schemas["BulkResult"];

export interface BulkRequest {
  kind: BulkKind;
  ids: string[];
  only_failed?: boolean;
  from_start?: boolean;
  note?: string | null;
}

/** How many items one action takes. */
export const MOST_ITEMS = 200;

const bodyOf = (request: BulkRequest) => ({ only_failed: false, from_start: false, ...request });

export function useBulkPlan(request: BulkRequest) {
  return useQuery({
    queryKey: ["bulk-plan", request],
    queryFn: ({ signal }) => take(client.POST("/bulk/plan", { body: bodyOf(request), signal })),
    staleTime: 0,
    placeholderData: (old) => old,
  });
}

const OPEN: ReadonlySet<string | null> = new Set(["queued", "running", "waiting"]);

/** What came of the runs that an action started: counts by status. */
export function resultsOf(job: BulkJob): { succeeded: number; failed: number; open: number; other: number } {
  const results = job.items.flatMap((item) => item.results);
  const of = (status: string) => results.filter((result) => result.status === status).length;
  const open = results.filter((result) => OPEN.has(result.status)).length;
  const [succeeded, failed] = [of("succeeded"), of("failed")];
  return { succeeded, failed, open, other: results.length - succeeded - failed - open };
}

export function useBulkJob(id: string) {
  return useQuery({
    queryKey: ["bulk", id],
    queryFn: ({ signal }) => take(client.GET("/bulk/{job_id}", { params: { path: { job_id: id } }, signal })),
    refetchInterval: ({ state: { data } }) =>
      data === undefined || data.status === "running" ? 500 : resultsOf(data).open > 0 ? 1500 : false,
    staleTime: 0,
  });
}

export function useBulkActions() {
  const cache = useQueryClient();
  const done = {
    onSettled: () =>
      Promise.all(
        ["bulk", "runs", "events", "overview", "mails"].map((key) => cache.invalidateQueries({ queryKey: [key] })),
      ),
  };
  const path = (id: string) => ({ params: { path: { job_id: id } } });
  return {
    start: useMutation({
      mutationFn: (request: BulkRequest) => take(client.POST("/bulk", { body: bodyOf(request) })),
      ...done,
    }),
    stop: useMutation({ mutationFn: (id: string) => take(client.POST("/bulk/{job_id}/stop", path(id))), ...done }),
    resume: useMutation({ mutationFn: (id: string) => take(client.POST("/bulk/{job_id}/resume", path(id))), ...done }),
  };
}
