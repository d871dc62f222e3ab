/** Test runs of the current text: their start data, mocked steps, and the newest result. */
import { type Mock, readPins, type Sample, type TestStart, testRun, type TestRun, writePins } from "@/api/editor";
import { create } from "zustand";

import { ApiError } from "@/api/client";
import { flowOf, stepsOf } from "@/model/graph/graph";
import { overlayOf, type TraceStep as Passed } from "@/model/runs/run-overlay";
import { type Path, withoutRounds } from "@/model/document/path";
import { useCanvas } from "@/editor/canvas/state/state";
import { useEditor } from "../document/store";

export interface TestRunError {
  message: string;
  hint?: string | undefined;
}

export interface TestRunState {
  workflow: string;
  trigger: number;
  /** Which sample was chosen; `hand` when the data is written by hand. */
  chosen: string;
  /** What the run starts with, as JSON text: inputs, or a Stripe event, or `{row, old}`. */
  data: string;
  /** An event or a run whose data is taken as it is. */
  recorded: Pick<TestStart, "event_id" | "run_id"> | null;
  local: boolean;
  mocks: Record<string, Mock>;
  running: boolean;
  trace: TestRun | null;
  /** The text the trace is about; an older one is said to be old. */
  tracedText: string;
  failure: TestRunError | null;
  reset: (workflow: string) => void;
  choose: (sample: Sample, key: string) => void;
  write: (data: string) => void;
  set: (change: Partial<Pick<TestRunState, "trigger" | "local">>) => void;
  takeRun: (run: string) => void;
  mock: (path: string, mock: Mock | null) => void;
  run: (until?: string) => Promise<void>;
  clear: () => void;
}

const START = {
  trigger: 0,
  chosen: "",
  data: "{}",
  recorded: null,
  local: false,
  mocks: {},
  running: false,
  trace: null,
  tracedText: "",
  failure: null,
};

export const useTestRun = create<TestRunState>()((set, get) => ({
  workflow: "",
  ...START,
  reset(workflow) {
    useCanvas.setState({ overlay: null });
    set({ workflow, ...START });
    readPins(workflow)
      .then((pins) => get().workflow === workflow && set({ mocks: pins.mocks }))
      .catch(() => undefined);
  },
  choose(sample, key) {
    const recorded =
      sample.event_id !== null
        ? { event_id: sample.event_id }
        : sample.run_id !== null
          ? { run_id: sample.run_id }
          : null;
    set({
      trigger: sample.index,
      chosen: key,
      recorded,
      data: JSON.stringify(sample.inputs ?? sample.sample ?? {}, null, 2),
      failure: null,
    });
  },
  write(data) {
    set({ data, recorded: null, chosen: "hand", failure: null });
  },
  set(change) {
    set(change);
  },
  takeRun(run) {
    set({ recorded: { run_id: run }, chosen: `run:${run}`, failure: null });
  },
  mock(path, mock) {
    const others = Object.entries(get().mocks).filter(([step]) => step !== path);
    const mocks = Object.fromEntries(mock === null ? others : [...others, [path, mock]]);
    set({ mocks });
    writePins(get().workflow, { trigger: null, mocks }).catch((error: unknown) =>
      set({ failure: testRunErrorOf(error) }),
    );
  },
  async run(until) {
    const { lastParsed } = useEditor.getState();
    let trigger: TestStart;
    try {
      trigger = startOf(get(), lastParsed?.data);
    } catch {
      set({
        failure: { message: "What the run starts with is not JSON.", hint: 'Write an object, e.g. {"order_id": "…"}.' },
      });
      return;
    }
    await runFrom(trigger, until);
  },
  clear() {
    set({ trace: null, failure: null });
    useCanvas.setState({ overlay: null });
  },
}));

async function runFrom(trigger: TestStart, until: string | undefined): Promise<void> {
  const set = useTestRun.setState;
  const { text, id } = useEditor.getState();
  const { mocks, local } = useTestRun.getState();
  set({ running: true, failure: null });
  try {
    const trace = await testRun({
      id,
      text,
      trigger,
      mocks,
      stripe: local ? "local" : "mock",
      ...(until === undefined ? {} : { until }),
    });
    if (useTestRun.getState().workflow !== id) return;
    set({ trace, tracedText: text });
    light(trace);
  } catch (error) {
    set({ trace: null, failure: testRunErrorOf(error) });
    useCanvas.setState({ overlay: null });
  } finally {
    set({ running: false });
  }
}

const testRunErrorOf = (error: unknown): TestRunError =>
  error instanceof ApiError ? { message: error.message, hint: error.hint } : { message: String(error) };

function startOf({ trigger, data, recorded }: TestRunState, document: Record<string, unknown> | undefined): TestStart {
  if (recorded !== null) return { index: trigger, ...recorded };
  const sample = JSON.parse(data) as Record<string, unknown>;
  const kind = document === undefined ? "" : (flowOf(document).triggers[trigger]?.kind ?? "");
  return kind === "stripe" || kind === "table" ? { index: trigger, sample } : { index: trigger, inputs: sample };
}

const STATUS = { done: "succeeded", failed: "failed", skipped: "skipped" } as const;

/** What a run did, for the canvas: the way it took, and how long what left the machine took. */
export function passedOf(trace: TestRun): { passed: Passed[]; taken: string[] } {
  const times = new Map(
    trace.run.steps.map((step) => [
      step.path,
      step.started_at !== null && step.at !== null ? Date.parse(step.at) - Date.parse(step.started_at) : null,
    ]),
  );
  const passed = trace.trail.flatMap((visit) =>
    visit.outcome === "took"
      ? []
      : [{ path: visit.path, status: STATUS[visit.outcome], ms: times.get(visit.path) ?? null }],
  );
  const known = new Set(passed.map((step) => step.path));
  for (const step of trace.run.steps)
    if (!known.has(step.path))
      passed.push({ path: step.path, status: step.status as "succeeded", ms: times.get(step.path) ?? null });
  return {
    passed,
    taken: trace.trail.flatMap((visit) =>
      visit.outcome === "took" && visit.branch !== null ? [`${visit.path}.${visit.branch}`] : [],
    ),
  };
}

export function light(trace: TestRun): void {
  const lastParsed = useEditor.getState().lastParsed;
  if (lastParsed === null) return;
  const { passed, taken } = passedOf(trace);
  useCanvas.setState({
    overlay: overlayOf(flowOf(lastParsed.data), passed, { taken, trigger: trace.run.trigger_index }),
  });
}

/** The place in the document of a step of a run; null when the text has changed too much. */
export function placeOf(run: string): Path | null {
  const lastParsed = useEditor.getState().lastParsed;
  if (lastParsed === null) return null;
  return [...stepsOf(flowOf(lastParsed.data))].find((step) => step.run === withoutRounds(run))?.path ?? null;
}
