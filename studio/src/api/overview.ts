/** What needs attention, and what happened recently. */
import { useQuery } from "@tanstack/react-query";
import { client, take } from "./client";
import type { components } from "./schema";

export type Payment = components["schemas"]["Payment"];

export function useOverview() {
  return useQuery({ queryKey: ["overview"], queryFn: ({ signal }) => take(client.GET("/overview", { signal })) });
}

export type Overview = NonNullable<ReturnType<typeof useOverview>["data"]>;
