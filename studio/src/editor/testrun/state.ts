/** Test runs of the text as it stands: what they are fed with, which steps are mocked, and what the newest one did. */
import { create } from "zustand";

import { ApiError } from "../../api/client";
import { flowOf } from "../../model/graph";
import { overlayOf } from "../../model/overlay";
import { useCanvas } from "../canvas/state";
import { useEditor } from "../store";
import { testRun, type TestRunBody, type Trace } from "./remote";

/** What a run is started with: a made-up sample, something recorded, or what the person wrote. */
export interface Feed {
  kind: "sample" | "event" | "run" | "inputs";
  /** Of an event or a run. */
  id?: string;
  label: string;
}

/** Stands in for a step: its value, or the error it fails with. */
export interface Mock {
  value?: unknown;
  error?: { code: string; message: string };
}

export interface TestRunState {
  workflow: string;
  trigger: number;
  feed: Feed;
  /** The inputs or the event as JSON text, when they are written by hand. */
  inputs: string;
  mocks: Record<string, Mock>;
  running: boolean;
  trace: Trace | null;
  /** The text the trace is about: older traces fade. */
  tracedText: string;
  failure: { message: string; hint?: string | undefined } | null;
  /** The run path of the entry whose details are open. */
  open: string | null;
  reset(workflow: string): void;
  set(change: Partial<Pick<TestRunState, "trigger" | "feed" | "inputs" | "open">>): void;
  mock(path: string, mock: Mock | null): void;
  run(until?: string): Promise<void>;
  clear(): void;
}

const START = { trigger: 0, feed: { kind: "sample", label: "A sample" } as Feed, inputs: "{}", mocks: {}, running: false, trace: null, tracedText: "", failure: null, open: null };

export const useTestRun = create<TestRunState>()((set, get) => ({
  workflow: "",
  ...START,
  reset(workflow) {
    if (get().workflow === workflow) return;
    set({ workflow, ...START, mocks: storedMocks(workflow) });
    useCanvas.setState({ overlay: null });
  },
  set(change) {
    set(change);
  },
  mock(path, mock) {
    const { [path]: _, ...rest } = get().mocks;
    const mocks = mock === null ? rest : { ...rest, [path]: mock };
    set({ mocks });
    keepMocks(get().workflow, mocks);
  },
  async run(until) {
    const { text, id } = useEditor.getState();
    const state = get();
    let given: TestRunBody["trigger"];
    try {
      given = triggerOf(state);
    } catch {
      set({ failure: { message: "The inputs are not JSON.", hint: "Write an object: {\"order_id\": \"…\"}." } });
      return;
    }
    set({ running: true, failure: null });
    try {
      const trace = await testRun({ id, text, trigger: given, mocks: state.mocks, ...(until === undefined ? {} : { until }) });
      if (get().workflow !== id) return;
      set({ trace, tracedText: text, open: trace.steps.find((one) => one.status === "failed")?.path ?? null });
      light(trace);
    } catch (error) {
      set({ trace: null, failure: error instanceof ApiError ? { message: error.message, hint: error.hint } : { message: String(error) } });
      useCanvas.setState({ overlay: null });
    } finally {
      set({ running: false });
    }
  },
  clear() {
    set({ trace: null, failure: null, open: null });
    useCanvas.setState({ overlay: null });
  },
}));

function triggerOf({ trigger, feed, inputs }: TestRunState): TestRunBody["trigger"] {
  if (feed.kind === "event" && feed.id !== undefined) return { index: trigger, event_id: feed.id };
  if (feed.kind === "run" && feed.id !== undefined) return { index: trigger, run_id: feed.id };
  if (feed.kind === "inputs") return { index: trigger, inputs: JSON.parse(inputs) as Record<string, unknown> };
  return { index: trigger, sample: true };
}

/** Shows a trace on the canvas. */
export function light(trace: Trace): void {
  const shown = useEditor.getState().shown;
  if (shown === null) return;
  const steps = trace.steps.map((one) => ({ path: one.path, status: one.status, ms: one.ms ?? null }));
  useCanvas.setState({ overlay: overlayOf(flowOf(shown.data), steps, { taken: trace.taken ?? [], trigger: trace.trigger_index ?? 0 }) });
}

const KEY = "payloom.mocks.";

function storedMocks(workflow: string): Record<string, Mock> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY + workflow) ?? "{}");
    return typeof found === "object" && found !== null ? (found as Record<string, Mock>) : {};
  } catch {
    return {};
  }
}

function keepMocks(workflow: string, mocks: Record<string, Mock>): void {
  try {
    if (Object.keys(mocks).length === 0) localStorage.removeItem(KEY + workflow);
    else localStorage.setItem(KEY + workflow, JSON.stringify(mocks));
  } catch {
    // Without storage the mocks last as long as the page.
  }
}
