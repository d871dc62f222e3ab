/** The inbox: events as they came in, what was turned away, resending and catching up. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type EventSummary = Schemas["EventSummary"];
export type EventDetail = Schemas["EventDetail"];
export type Rejection = Schemas["Rejection"];

export interface EventFilter {
  family?: string | undefined;
  type?: string | undefined;
  state?: EventSummary["state"] | undefined;
  source?: string | undefined;
  search?: string | undefined;
}

export function useEvents(filter: EventFilter) {
  return useInfiniteQuery({
    queryKey: ["events", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      take(client.GET("/events", { params: { query: { ...filter, before: pageParam, limit: 50 } as never }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (old) => old,
  });
}

export function useEvent(id: string | undefined) {
  return useQuery({
    queryKey: ["events", "one", id],
    queryFn: ({ signal }) =>
      take(client.GET("/events/{event_id}", { params: { path: { event_id: id ?? "" } }, signal })),
    enabled: id !== undefined,
  });
}

export function useRejected() {
  return useQuery({
    queryKey: ["events", "rejected"],
    queryFn: ({ signal }) => take(client.GET("/events/rejected", { signal })),
  });
}

export function useLastCatchUp() {
  return useQuery({
    queryKey: ["events", "catch-up"],
    queryFn: ({ signal }) => take(client.GET("/events/catch-up", { signal })),
  });
}

function useDone() {
  const cache = useQueryClient();
  return () => Promise.all(["events", "runs", "overview"].map((key) => cache.invalidateQueries({ queryKey: [key] })));
}

export function useCatchUp() {
  const done = useDone();
  return useMutation({ mutationFn: () => take(client.POST("/events/catch-up")), onSettled: done });
}
