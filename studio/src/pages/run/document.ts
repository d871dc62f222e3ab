/** The workflow as it was when the run began: titles of its steps, and the flow that is drawn. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { client, take } from "@/api/client";
import type { Flow, Step } from "@/model/graph";
import type { Describe } from "@/model/timeline";

export interface Document {
  name: string | null;
  flow: Flow | null;
  text: string | null;
  describe: Describe;
  loading: boolean;
}

export function useDocument(workflow: string, version: string): Document {
  const source = useQuery({
    queryKey: ["document", "text", workflow, version],
    queryFn: ({ signal }) =>
      take(
        client.GET("/workflows/{workflow_id}/versions/{version}", {
          params: { path: { workflow_id: workflow, version } },
          signal,
        }),
      ),
    // A version never changes.
    staleTime: Infinity,
    retry: false,
  });
  const text = source.data?.text ?? null;
  // The YAML parser is large; a run is readable before it is here.
  const reading = useQuery({
    queryKey: ["document", workflow, version],
    queryFn: async () => {
      const [{ parse }, { flowOf }] = await Promise.all([import("@/model/parse"), import("@/model/graph")]);
      const result = parse(text ?? "");
      if (!result.document) return null;
      const data = result.document.data;
      return { name: typeof data["name"] === "string" ? data["name"] : null, flow: flowOf(data) };
    },
    enabled: text !== null,
    staleTime: Infinity,
  });
  const parsed = reading.data;
  const titles = useMemo(() => {
    const stepsByPath = new Map<string, { title: string | null; verb: string | null }>();
    const visit = (step: Step) => {
      stepsByPath.set(step.run, { title: step.name ?? step.id, verb: step.verb });
      step.branches.forEach((branch) => branch.steps.forEach(visit));
    };
    parsed?.flow.main.steps.forEach(visit);
    parsed?.flow.onError.steps.forEach(visit);
    return stepsByPath;
  }, [parsed]);
  const describe = useCallback<Describe>((path) => titles.get(path) ?? null, [titles]);
  return {
    name: parsed?.name ?? null,
    flow: parsed?.flow ?? null,
    text,
    describe,
    loading: source.isPending || (text !== null && reading.isPending),
  };
}
