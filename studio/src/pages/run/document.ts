/** The workflow as it was when the run began: titles of its steps, and the flow that is drawn. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { client, take } from "@/api/client";
import type { Flow, Step } from "@/model/graph/graph";
import type { Parsed } from "@/model/document/parse";
import { pathKey, withoutRounds, type Path } from "@/model/document/path";
import type { Describe } from "@/model/runs/timeline";

export interface Document {
  name: string | null;
  flow: Flow | null;
  text: string | null;
  describe: Describe;
  /** The search parameters of the editor's address that bring a step of the run, and the run's data. */
  /** The place of a step in the file: `workflows/ship.yaml:12`. */
  place: (path: string | null | undefined) => string | null;
  editorSearch: (path: string | null | undefined) => Record<string, string>;
  loading: boolean;
}

/** The line of the value at a path, from 1. */
const lineIn = (document: Parsed) => (path: Path) => {
  const range = document.range(path);
  return range === null ? null : document.position(range.start).line;
};

interface ParsedWorkflow {
  name: string | null;
  flow: Flow;
  lineOf: (path: Path) => number | null;
}

/** What is known of each step by its path in the run: its title, its line, its place in the editor. */
function useStepPlaces(
  parsed: ParsedWorkflow | null,
  workflow: string,
  run: string,
): Pick<Document, "describe" | "editorSearch" | "place"> {
  const titles = useMemo(() => {
    const stepsByPath = new Map<
      string,
      { title: string | null; verb: string | null; key: string; line: number | null }
    >();
    const visit = (step: Step) => {
      stepsByPath.set(step.run, {
        title: step.name ?? step.id,
        verb: step.verb,
        key: pathKey(step.path),
        line: parsed?.lineOf(step.path) ?? null,
      });
      step.branches.forEach((branch) => branch.steps.forEach(visit));
    };
    parsed?.flow.main.steps.forEach(visit);
    parsed?.flow.onError.steps.forEach(visit);
    return stepsByPath;
  }, [parsed]);
  const describe = useCallback<Describe>((path) => titles.get(path) ?? null, [titles]);
  const editorSearch = useCallback(
    (path: string | null | undefined): Record<string, string> => {
      const key = path ? titles.get(withoutRounds(path))?.key : undefined;
      return { panel: "test", from_run: run, ...(key === undefined ? {} : { step: key }) };
    },
    [titles, run],
  );
  const place = useCallback(
    (path: string | null | undefined) => {
      const line = path ? titles.get(withoutRounds(path))?.line : null;
      return line ? `workflows/${workflow}.yaml:${line}` : null;
    },
    [titles, workflow],
  );
  return { describe, editorSearch, place };
}

export function useDocument(workflow: string, version: string, run: string): Document {
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
      const [{ parse }, { flowOf }] = await Promise.all([
        import("@/model/document/parse"),
        import("@/model/graph/graph"),
      ]);
      const result = parse(text ?? "");
      if (!result.document) return null;
      const data = result.document.data;
      return {
        name: typeof data["name"] === "string" ? data["name"] : null,
        flow: flowOf(data),
        lineOf: lineIn(result.document),
      };
    },
    enabled: text !== null,
    staleTime: Infinity,
  });
  const parsed = reading.data;
  const places = useStepPlaces(parsed ?? null, workflow, run);
  return {
    name: parsed?.name ?? null,
    flow: parsed?.flow ?? null,
    text,
    ...places,
    loading: source.isPending || (text !== null && reading.isPending),
  };
}
