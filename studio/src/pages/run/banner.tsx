/** What blocks the run, and what to do: a failure, a decision, a wait. */
import { Link } from "@tanstack/react-router";
import { CheckCheck, CirclePause, Clock, Hourglass } from "lucide-react";
import { useRunActions, type RunDetail } from "@/api/runs";
import { useMay } from "@/api/session";
import { Approval } from "@/components/approval";
import { statusOf } from "@/components/run-columns";
import { WorkflowName } from "@/components/workflow-name";
import { Button, Time, toastError } from "@/ui";
import type { Document } from "./document";
import { Note } from "./note";
import { Skipped } from "./panel/decisions";
import { FailureWords } from "./panel/failure";
import { ResolveButton } from "./retry";
import "./banner.css";

export function Banner({ run, document }: { run: RunDetail; document: Document }) {
  const approvals = run.waits.filter((wait) => wait.kind === "approval");
  return (
    <>
      {run.failure && <Failed run={run} document={document} />}
      {run.resolved_at && <Resolved run={run} />}
      {statusOf(run) === "filtered" && <Skipped run={run} document={document} />}
      {approvals.map((wait) => (
        <Approval key={wait.path} run={run.id} wait={wait} />
      ))}
      {run.waits.map((wait) => (
        <Waiting key={wait.path} wait={wait} />
      ))}
      {run.parked_on && (
        <Note icon={<CirclePause aria-hidden />} title={`Parked until a row appears in ${run.parked_on}`}>
          The event arrived before its row. The run resumes when the row exists
          {run.parked_since ? (
            <>
              ; waiting since <Time at={run.parked_since} />
            </>
          ) : null}
          .
        </Note>
      )}
      {run.blocked && !run.finished_at && <Blocked run={run} />}
      {run.waits.length === 0 && run.status === "waiting" && !run.parked_on && run.wake_at && (
        <Note
          icon={<Clock aria-hidden />}
          title={
            <>
              Sleeping until <Time at={run.wake_at} />
            </>
          }
        />
      )}
    </>
  );
}

/** What a run waits for, unless a person decides: an event, or another run. */
function Waiting({ wait }: { wait: RunDetail["waits"][number] }) {
  if (wait.kind === "approval") return null;
  if (wait.kind === "event") {
    return (
      <Note icon={<Hourglass aria-hidden />} title={`Waiting for an event about ${wait.family}`}>
        {wait.until ? (
          <>
            The step waits until <Time at={wait.until} />.
          </>
        ) : (
          "The step waits until Stripe sends one that matches."
        )}
      </Note>
    );
  }
  const { workflow = "a workflow" } = wait.details as { workflow?: string };
  return (
    <Note
      icon={<Hourglass aria-hidden />}
      title={
        <>
          Waiting for the run of <WorkflowName id={workflow} />
        </>
      }
    >
      {wait.family && (
        <Link to="/runs/$id" params={{ id: wait.family }} className="link">
          Show that run
        </Link>
      )}
    </Note>
  );
}

function Blocked({ run }: { run: RunDetail }) {
  return (
    <Note icon={<Hourglass aria-hidden />} title="Blocked by another run">
      Runs about the same object run one after another
      {run.lane ? (
        <>
          , here in the lane <code>{run.lane}</code>
        </>
      ) : null}
      . This run starts when the previous one has ended. Retry or cancel that one.{" "}
      {run.object_id && (
        <Link to="/runs" search={{ search: run.object_id }} className="link">
          Show the runs of {run.object_id}
        </Link>
      )}
    </Note>
  );
}

function Failed({ run, document }: { run: RunDetail; document: Document }) {
  const failure = run.failure;
  if (!failure) return null;
  return (
    <div className="run-failure" role="status">
      <div>
        <FailureWords failure={failure} />
        <p className="run-failure-where">
          <code>{failure.kind}</code>
          {failure.path !== null && (
            <Link to="/runs/$id" params={{ id: run.id }} search={{ step: failure.path }} className="link">
              at step {failure.path}
            </Link>
          )}
          <Where run={run} failure={failure} document={document} />
        </p>
      </div>
      {run.status === "failed" && run.resolved_at === null && <ResolveButton run={run} />}
    </div>
  );
}

interface WhereProps {
  run: RunDetail;
  failure: NonNullable<RunDetail["failure"]>;
  document: Document;
}

/** The place in the file, as a link into the editor. */
function Where({ run, failure, document }: WhereProps) {
  const where = failure.where ?? document.place(failure.path);
  if (where === null) return null;
  return (
    <Link
      to="/workflows/$id"
      params={{ id: run.workflow }}
      search={{ ...document.editorSearch(failure.path), view: "split" }}
      className="link"
    >
      <code>{where}</code>
    </Link>
  );
}

/** Who or what resolved a failed run, and the way back. */
function Resolved({ run }: { run: RunDetail }) {
  const { reopen } = useRunActions(run.id);
  const may = useMay("support");
  const { by, note, run: other } = run.resolution ?? {};
  return (
    <Note
      icon={<CheckCheck aria-hidden />}
      title={
        <>
          {other ? "Resolved by a rerun that succeeded" : `Resolved${by ? ` by ${by}` : ""}`}{" "}
          {run.resolved_at && <Time at={run.resolved_at} />}
        </>
      }
    >
      {note ? `${note} ` : ""}
      {other && (
        <Link to="/runs/$id" params={{ id: other }} className="link">
          Show that run
        </Link>
      )}{" "}
      {may && (
        <Button size="s" busy={reopen.isPending} onClick={() => reopen.mutate(undefined, { onError: toastError })}>
          Reopen
        </Button>
      )}
    </Note>
  );
}
