/** What test runs ask the server. Nothing they do leaves the server: steps outside are mocked or answered from records. */
import { useQuery } from "@tanstack/react-query";

import { request } from "../../api/client";
import type { Mock } from "./state";

export interface TraceStep {
  path: string;
  verb: string;
  action?: string;
  step_id: string | null;
  status: string;
  args: unknown;
  value: unknown;
  failure: { kind?: string; code?: string; message: string; hint?: string | null } | null;
  key?: string | null;
  ms?: number | null;
  mocked?: boolean;
}

export interface Trace {
  status: string;
  steps: TraceStep[];
  output?: unknown;
  failure?: TraceStep["failure"];
  taken?: string[];
  trigger_index?: number;
  logs?: { path: string; level: string; text: string }[];
}

export interface TestRunBody {
  id: string;
  text: string;
  trigger: { index: number; inputs?: Record<string, unknown>; event_id?: string; run_id?: string; sample?: boolean };
  mocks: Record<string, Mock>;
  until?: string;
}

export const testRun = (body: TestRunBody) => request<Trace>("POST", "/editor/test-run", { body });

export interface Samples {
  events: { id: string; type: string; created_at: string; trigger: number; title?: string }[];
  runs: { id: string; status: string; created_at: string; trigger: number; title?: string }[];
}

export function useSamples(id: string) {
  return useQuery({ queryKey: ["editor", "samples", id], queryFn: ({ signal }) => request<Samples>("GET", "/editor/samples", { query: { id }, signal }) });
}
