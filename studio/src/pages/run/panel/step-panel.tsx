/** One step: what it gave, what it was given, why it failed. */
import { Link } from "@tanstack/react-router";
import { useSearchParams } from "@/browser/search-params";
import type { RunDetail, Step } from "@/api/runs";
import type { Row } from "@/model/runs/timeline";
import { Badge, CopyId, Duration, EmptyState, Facts, JsonView, Status, Tabs, Time } from "@/ui";
import { Failure } from "./failure";
import { VerbIcon } from "./verb-icon";

export function StepPanel({ run, row }: { run: RunDetail; row: Row<Step> }) {
  const [search, setSearch] = useSearchParams();
  const step = row.step;
  const failure = step?.failure ?? (run.failure?.path === row.key ? run.failure : null);
  const called = run.calls.find((call) => call.path === row.key);
  const logs = run.logs.filter((line) => line.path === row.key);
  const tabs = [
    ...(failure ? [{ id: "error", label: "Error", content: <Failure failure={failure} /> }] : []),
    {
      id: "output",
      label: "Output",
      content: <Value value={step?.value} none={outputNote(row, step)} label="Output" />,
    },
    {
      id: "input",
      label: "Input",
      content: <Value value={step?.args} none="This step has no input." label="Input" />,
    },
    ...(logs.length > 0
      ? [{ id: "logs", label: "Log", content: logs.map((line) => <p key={line.id}>{line.text}</p>) }]
      : []),
    { id: "details", label: "Details", content: <Details row={row} step={step} /> },
  ];
  return (
    <>
      <header className="details-head">
        <VerbIcon verb={row.verb} />
        <h2>{row.title}</h2>
        <Status status={row.status} quiet />
      </header>
      <p className="details-sub">
        {row.detail && <code>{row.detail}</code>}
        {called && (
          <Link to="/runs/$id" params={{ id: called.run_id }} className="link">
            Run {called.run_id.slice(0, 4)}…{called.run_id.slice(-6)}
          </Link>
        )}
        {step?.key && (
          <span className="details-key">
            Idempotency key <CopyId id={step.key} />
          </span>
        )}
      </p>
      <Tabs
        label="Step"
        tabs={tabs}
        value={search["tab"] ?? (failure ? "error" : "output")}
        onChange={(tab) => setSearch({ tab })}
      />
    </>
  );
}

function outputNote(row: Row<Step>, step: Step | null): string {
  if (row.group) return "The steps inside have their own outputs.";
  if (row.to === null) return "Not finished yet.";
  if (row.status === "failed") return "The step failed, so it has no output.";
  return step ? "This step has no output." : "This step records nothing.";
}

export function Value({ value, none, label }: { value: unknown; none: string; label: string }) {
  if (value === null || value === undefined) return <p className="faint">{none}</p>;
  return <JsonView value={value} label={label} open={2} />;
}

function Details({ row, step }: { row: Row<Step>; step: Step | null }) {
  if (!step) return <EmptyState title="Nothing is recorded for this one" />;
  return (
    <Facts
      facts={[
        ["Path", <CopyId id={step.path} key="path" />],
        ["Line", step.line ? `${step.line} of the workflow's file` : null],
        ["Started", <Time at={step.started_at} exact key="started" />],
        ["Ended", step.at ? <Time at={step.at} exact key="at" /> : null],
        [
          "Took",
          <Duration
            ms={step.at && step.started_at ? Date.parse(step.at) - Date.parse(step.started_at) : null}
            key="took"
          />,
        ],
        [
          "Attempts",
          <span className="num" key="attempts">
            {step.attempts}
          </span>,
        ],
        [
          "First attempt",
          step.first_attempt_at && step.attempts > 1 ? <Time at={step.first_attempt_at} exact key="first" /> : null,
        ],
        ["Next attempt", row.to === null && step.retry_at ? <Time at={step.retry_at} key="retry" /> : null],
        [
          "In doubt",
          step.in_doubt ? (
            <Badge tone="warn" key="doubt">
              an attempt ended without a response
            </Badge>
          ) : null,
        ],
        ["Idempotency key", step.key ? <CopyId id={step.key} key="key" /> : null],
      ]}
    />
  );
}
