/** The run as a whole: its input, its answer, its log, the path it took. */
import { Link } from "@tanstack/react-router";
import { useSearchParams } from "@/browser/search-params";
import type { RunDetail } from "@/api/runs";
import { Badge, CopyId, Duration, EmptyState, Facts, Tabs, Time } from "@/ui";
import { Decisions } from "./decisions";
import { Failure } from "./failure";
import type { Document } from "../document";
import { PathDrawing } from "./path-drawing";
import { Value } from "./step-panel";

export function RunPanel({ run, document }: { run: RunDetail; document: Document }) {
  const [search, setSearch] = useSearchParams();
  const tabs = [
    ...(run.failure ? [{ id: "error", label: "Error", content: <Failure failure={run.failure} /> }] : []),
    { id: "input", label: "Input", content: <RunInput run={run} /> },
    { id: "output", label: "Output", content: <RunOutput run={run} /> },
    {
      id: "decisions",
      label: "Decisions",
      count: run.decisions.length || undefined,
      content: <Decisions run={run} document={document} />,
    },
    { id: "path", label: "Path", content: <PathDrawing run={run} flow={document.flow} loading={document.loading} /> },
    { id: "logs", label: "Log", count: run.logs.length || undefined, content: <Logs run={run} /> },
    { id: "details", label: "Details", content: <Details run={run} /> },
  ];
  return (
    <>
      <header className="details-head">
        <h2>The run</h2>
      </header>
      <Tabs
        label="Run"
        tabs={tabs}
        value={search["tab"] ?? (run.failure ? "error" : "input")}
        onChange={(tab) => setSearch({ tab })}
      />
    </>
  );
}

function RunInput({ run }: { run: RunDetail }) {
  return (
    <div className="stack">
      {run.event_id && (
        <p>
          Started by the event{" "}
          <Link to="/events/$id" params={{ id: run.event_id }} className="link">
            <code>{run.event_id}</code>
          </Link>
          {run.object_id && (
            <>
              {" "}
              about{" "}
              <Link to="/journey/$id" params={{ id: run.object_id }} className="link">
                <code>{run.object_id}</code>
              </Link>
            </>
          )}
        </p>
      )}
      {!run.event_id || run.inputs ? (
        <Value value={run.inputs} none="The run started without input." label="Input" />
      ) : null}
      {run.request !== null && run.request !== undefined && (
        <>
          <h3>Request</h3>
          <Value value={run.request} none="" label="Request" />
        </>
      )}
    </div>
  );
}

function RunOutput({ run }: { run: RunDetail }) {
  return (
    <div className="stack">
      {run.http_status !== null && (
        <p>
          Response: <Badge tone={run.http_status < 400 ? "good" : "bad"}>HTTP {run.http_status}</Badge>
        </p>
      )}
      <Value
        value={run.output ?? run.response}
        none={run.finished_at ? "The workflow returns nothing." : "Not finished yet."}
        label="Output"
      />
    </div>
  );
}

function Logs({ run }: { run: RunDetail }) {
  if (run.logs.length === 0)
    return (
      <EmptyState title="Nothing was logged">
        A <code>log</code> step writes a line here.
      </EmptyState>
    );
  return (
    <ol className="log">
      {run.logs.map((line) => (
        <li key={line.id} data-level={line.level}>
          <Time at={line.at} />
          <Badge tone={line.level === "error" ? "bad" : line.level === "warning" ? "warn" : "neutral"}>
            {line.level}
          </Badge>
          <span>{line.text}</span>
          <Link to="/runs/$id" params={{ id: run.id }} search={{ step: line.path }} className="link">
            {line.path}
          </Link>
        </li>
      ))}
    </ol>
  );
}

function Details({ run }: { run: RunDetail }) {
  return (
    <Facts
      facts={[
        ["Run", <CopyId id={run.id} key="id" />],
        [
          "Workflow",
          <Link to="/workflows/$id" params={{ id: run.workflow }} className="link" key="workflow">
            {run.workflow}
          </Link>,
        ],
        [
          "Version",
          <CopyId id={run.version} key="version">
            <code>{run.version.slice(0, 12)}</code>
          </CopyId>,
        ],
        ["Created", <Time at={run.created_at} exact key="created" />],
        ["Started", <Time at={run.started_at} exact key="started" />],
        ["Queue delay", <Duration ms={Date.parse(run.started_at) - Date.parse(run.created_at)} key="delay" />],
        ["Finished", run.finished_at ? <Time at={run.finished_at} exact key="finished" /> : null],
        ["Lane", run.lane ? <code key="lane">{run.lane}</code> : null],
        [
          "Retried",
          run.retries > 0 ? (
            <span className="num" key="retries">
              {run.retries} times
            </span>
          ) : null,
        ],
        ["Account", run.user_id ? <CopyId id={run.user_id} key="user" /> : null],
        ["Once per", run.dedupe_key ? <CopyId id={run.dedupe_key} short key="dedupe" /> : null],
        [
          "Rerun of",
          run.forked_from ? (
            <Link to="/runs/$id" params={{ id: run.forked_from }} className="link" key="fork">
              {run.forked_from}
            </Link>
          ) : null,
        ],
      ]}
    />
  );
}
