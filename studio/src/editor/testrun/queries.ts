/** What test runs ask the server. Nothing they do leaves it: calls are mocked, answered from records, or made up. */
import { request } from "@/api/client";

export interface StepFailure {
  kind?: string;
  code?: string;
  message: string;
  hint?: string | null;
}

export interface TraceStep {
  path: string;
  verb: string;
  action: string;
  step_id: string | null;
  status: string;
  args: unknown;
  value: unknown;
  failure: StepFailure | null;
  key: string | null;
  started_at: string | null;
  at: string | null;
}

export interface Visit {
  path: string;
  outcome: "done" | "failed" | "skipped" | "took";
  step_id: string | null;
  branch: string | null;
}

export type Note = "mocked" | "recorded" | "made up" | "skipped" | "sent";

export interface Trace {
  run: {
    status: string;
    outcome: string | null;
    output: unknown;
    response: unknown;
    http_status: number | null;
    failure: StepFailure | null;
    trigger_index: number;
    steps: TraceStep[];
    logs: { path: string; level: string; text: string }[];
  };
  notes: Record<string, Note>;
  trail: Visit[];
  text_version: string;
}

/** Stands in for a step: its value, or the error it fails with. */
export interface Mock {
  value?: unknown;
  error?: { kind: string; message: string } | null;
}

export interface Start {
  index: number;
  inputs?: Record<string, unknown> | null;
  event_id?: string | null;
  run_id?: string | null;
  sample?: Record<string, unknown> | null;
}

export interface Sample {
  index: number;
  kind: string;
  source: "event" | "run" | "row" | "made_up";
  title: string;
  at: string | null;
  event_id: string | null;
  run_id: string | null;
  inputs: Record<string, unknown> | null;
  sample: Record<string, unknown> | null;
}

export interface Pins {
  trigger: Start | null;
  mocks: Record<string, Mock>;
}

export interface DryLine {
  path: string;
  verb: string;
  action: string;
  args: unknown;
  status: string;
  note: string;
}

export interface DryEvent {
  event: string;
  type: string;
  draft: { lines: DryLine[]; ended: string | null };
  recorded: { lines: DryLine[]; ended: string | null };
  difference: string[];
}

export interface TestRunBody {
  id: string;
  text: string;
  trigger: Start;
  mocks: Record<string, Mock>;
  until?: string;
  stripe?: "mock" | "local";
}

const pinsOf = (id: string) => `/editor/pins/${encodeURIComponent(id)}`;

export const testRun = (body: TestRunBody) => request<Trace>("POST", "/editor/test-run", { body });
export const dryRun = (id: string, text: string) =>
  request<{ data: DryEvent[]; changed: number }>("POST", "/editor/dry-run", { body: { id, text, limit: 20 } });
export const samples = (id: string, signal?: AbortSignal) =>
  request<{ data: Sample[] }>("GET", "/editor/samples", { query: { id }, ...(signal ? { signal } : {}) });
export const readPins = (id: string) => request<Pins>("GET", pinsOf(id));
export const writePins = (id: string, pins: Pins) => request<Pins>("PUT", pinsOf(id), { body: pins });
