/** The catalog of what workflows may name, asked for once and kept for a minute. */
import { useQuery } from "@tanstack/react-query";
import { type ActionDetails, type Catalog, useAssist } from "./assist";

export function useCatalog(): Catalog | undefined {
  const assist = useAssist();
  return useQuery({ queryKey: ["editor", "catalog"], queryFn: () => assist.catalog(), staleTime: 60_000 }).data;
}

/** A Stripe action with its parameters; null when there is no such action. */
export function useAction(name: string): { action: ActionDetails | null | undefined; loading: boolean } {
  const assist = useAssist();
  const query = useQuery({
    queryKey: ["editor", "action", name],
    queryFn: () => assist.action(name),
    enabled: name !== "",
    staleTime: Infinity,
    retry: false,
  });
  return { action: query.isError ? null : query.data, loading: query.isLoading };
}
