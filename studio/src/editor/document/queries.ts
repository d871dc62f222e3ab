/** The versions of the open workflow, and the difference between two of them. */
import { useQuery } from "@tanstack/react-query";
import { diffVersions, listVersions } from "@/api/editor";

export function useVersions(id: string) {
  return useQuery({ queryKey: ["editor", "versions", id], queryFn: ({ signal }) => listVersions(id, signal) });
}

/** The difference between two versions; asks nothing while `from` is null. */
export function useDiff(id: string, from: string | null, to: string) {
  return useQuery({
    queryKey: ["editor", "diff", id, from, to],
    enabled: from !== null,
    queryFn: ({ signal }) => diffVersions(id, from ?? "", to, signal),
  });
}
