/** The steps of a test run: input, output, and where the response came from. */
import { Words } from "@/ui/basics/words";
import type { TestRun } from "@/api/editor";
import type { Step } from "@/api/runs";
import { ChevronRight, SkipForward, Wand } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { Badge, Button, JsonView, Status, StatusIcon } from "@/ui";
import { runPath, withoutRounds } from "@/model/document/path";
import { useEditor } from "../document/store";
import { MockDialog } from "./mocks";
import { placeOf, useTestRun } from "./state";

const NOTES: Record<TestRun["notes"][string], { word: string; title: string }> = {
  mocked: { word: "mocked", title: "Your mock responded" },
  recorded: { word: "recorded", title: "The recorded response of the same call" },
  "made up": { word: "synthesized", title: "Sample data that matches the type" },
  skipped: { word: "not waited", title: "Test runs don't wait" },
  sent: { word: "sent", title: "Sent to the local Stripe" },
};

export function TraceView({ trace }: { trace: TestRun }) {
  const { run } = trace;
  const answer = run.response ?? run.output;
  const failed = run.steps.find((step) => step.status === "failed");
  const [open, setOpen] = useState<string | null>(failed?.path ?? null);
  const selected = useEditor((state) => state.selected);
  useEffect(() => {
    // The step that is selected on the canvas is the one whose data is shown.
    if (selected === null) return;
    const at = runPath(selected);
    const reached = run.steps.find((step) => withoutRounds(step.path) === at);
    if (reached !== undefined) setOpen(reached.path);
  }, [selected, run]);
  return (
    <section className="trace" aria-label="Result of the test">
      <header className="trace-head">
        <Status status={run.outcome ?? run.status} />
        {run.http_status !== null && <Badge mono>{run.http_status}</Badge>}
      </header>
      {run.failure !== null && failed?.failure?.message !== run.failure.message && (
        <p className="trace-failure" role="alert">
          <Words text={run.failure.message} />
          {run.failure.hint && (
            <span className="soft">
              {" "}
              <Words text={run.failure.hint} />
            </span>
          )}
        </p>
      )}
      {answer !== null && answer !== undefined && <JsonView value={answer} label="Answer" open={2} />}
      <ol className="trace-steps">
        {run.steps.map((step) => (
          <Entry
            key={step.path}
            step={step}
            note={trace.notes[step.path]}
            logs={run.logs.filter((log) => log.path === step.path)}
            open={open === step.path}
            onOpen={() => setOpen(open === step.path ? null : step.path)}
          />
        ))}
      </ol>
      {run.steps.length === 0 && <p className="soft">No step was reached.</p>}
    </section>
  );
}

interface EntryProps {
  step: Step;
  note: TestRun["notes"][string] | undefined;
  logs: TestRun["run"]["logs"];
  open: boolean;
  onOpen: () => void;
}

function Entry({ step, note, logs, open, onOpen }: EntryProps) {
  const [mocking, setMocking] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (open) row.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  const toggle = () => {
    const place = placeOf(step.path);
    if (place !== null) useEditor.getState().select(place);
    onOpen();
  };
  return (
    <li ref={row} className="trace-step">
      <button type="button" className="trace-row" aria-expanded={open} onClick={toggle}>
        <ChevronRight aria-hidden />
        <StatusIcon status={step.status} />
        <span className="trace-name">{step.step_id ?? `${step.verb} ${step.action}`.trim()}</span>
        <span className="trace-path">{step.path}</span>
        {note !== undefined && (
          <Badge tone={note === "mocked" ? "accent" : "neutral"} title={NOTES[note].title}>
            {NOTES[note].word}
          </Badge>
        )}
      </button>
      {open && <EntryBody step={step} logs={logs} onMock={() => setMocking(true)} />}
      {mocking && (
        <MockDialog
          path={withoutRounds(step.path)}
          name={step.step_id ?? `${step.verb} ${step.action}`}
          start={step.value ?? null}
          onClose={() => setMocking(false)}
        />
      )}
    </li>
  );
}

function EntryBody({ step, logs, onMock }: Pick<EntryProps, "step" | "logs"> & { onMock: () => void }) {
  return (
    <div className="trace-body">
      {step.failure !== null && (
        <p className="trace-failure">
          <Words text={step.failure.message} />
        </p>
      )}
      {logs.map((log, at) => (
        <p key={at} className="trace-log">
          <Badge>{log.level}</Badge> {log.text}
        </p>
      ))}
      {step.args !== null && step.args !== undefined && (
        <>
          <h3>In</h3>
          <JsonView value={step.args} label="Input" open={1} />
        </>
      )}
      {step.failure === null && (
        <>
          <h3>Out</h3>
          <JsonView value={step.value ?? null} label="Output" open={1} />
        </>
      )}
      <div className="trace-tools">
        <Button size="s" icon={<Wand aria-hidden />} onClick={onMock}>
          Mock its answer…
        </Button>
        <Button size="s" icon={<SkipForward aria-hidden />} onClick={() => void useTestRun.getState().run(step.path)}>
          Run up to here
        </Button>
      </div>
    </div>
  );
}
