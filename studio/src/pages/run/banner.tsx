/** What stands in the way, and what can be done: a failure, a decision to make, a wait. */
import { Link } from "@tanstack/react-router";
import { Check, CirclePause, Clock, Hourglass, UserCheck, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useRunActions, type RunDetail, type Waiting } from "../../api/runs";
import { useMay } from "../../api/session";
import { Button, Card, ErrorNote, Facts, Input, JsonView, Time, toast } from "../../ui";
import "./banner.css";

export function Banner({ run }: { run: RunDetail }) {
  const approvals = run.waits.filter((wait) => wait.kind === "approval");
  const calls = run.waits.filter((wait) => wait.kind === "call");
  return (
    <>
      {run.failure && <Failed run={run} />}
      {approvals.map((wait) => (
        <Approval key={wait.path} run={run.id} wait={wait} />
      ))}
      {calls.map((wait) => (
        <Note
          key={wait.path}
          icon={<Hourglass aria-hidden />}
          title={<>Waits for the run of {(wait.details as { workflow?: string }).workflow ?? "a workflow"}</>}
        >
          {wait.family && (
            <Link to="/runs/$id" params={{ id: wait.family }} className="link">
              Show that run
            </Link>
          )}
        </Note>
      ))}
      {run.parked_on && (
        <Note icon={<CirclePause aria-hidden />} title={`Parked until a row appears in ${run.parked_on}`}>
          The event came before the row it belongs to. The run goes on by itself when the row is there
          {run.parked_since ? (
            <>
              ; it has waited since <Time at={run.parked_since} />
            </>
          ) : null}
          .
        </Note>
      )}
      {run.blocked && !run.finished_at && (
        <Note icon={<Hourglass aria-hidden />} title="Behind another run">
          Runs about one object go one after another
          {run.lane ? (
            <>
              , here in the lane <code>{run.lane}</code>
            </>
          ) : null}
          . It begins when the one before it is over; retry or cancel that one.{" "}
          {run.object_id && (
            <Link to="/runs" search={{ search: run.object_id }} className="link">
              Show the runs of {run.object_id}
            </Link>
          )}
        </Note>
      )}
      {approvals.length === 0 && run.status === "waiting" && !run.parked_on && run.wake_at && (
        <Note
          icon={<Clock aria-hidden />}
          title={
            <>
              Sleeps, and goes on <Time at={run.wake_at} />
            </>
          }
        />
      )}
    </>
  );
}

function Note({ icon, title, children }: { icon: ReactNode; title: ReactNode; children?: ReactNode }) {
  return (
    <div className="run-note" role="status">
      {icon}
      <div>
        <p>{title}</p>
        {children && <p className="soft">{children}</p>}
      </div>
    </div>
  );
}

function Failed({ run }: { run: RunDetail }) {
  const failure = run.failure;
  if (!failure) return null;
  return (
    <div className="run-failure" role="status">
      <div>
        <p className="run-failure-message">{failure.message}</p>
        {failure.hint && <p className="soft">{failure.hint}</p>}
        <p className="run-failure-where">
          <code>{failure.kind}</code>
          {failure.path !== null && failure.path !== undefined && (
            <Link to="/runs/$id" params={{ id: run.id }} search={{ step: failure.path }} className="link">
              at step {failure.path}
            </Link>
          )}
          {failure.where && <code>{failure.where}</code>}
        </p>
      </div>
    </div>
  );
}

/** What the decision is about: plain values as a list, anything deeper as a tree. */
function About({ data }: { data: Record<string, unknown> }) {
  const entries = Object.entries(data);
  if (entries.length === 0) return null;
  if (entries.some(([, value]) => typeof value === "object" && value !== null))
    return <JsonView value={data} label="What it is about" />;
  return (
    <div className="approval-data">
      <Facts facts={entries.map(([name, value]) => [name.replaceAll("_", " "), String(value ?? "–")])} />
    </div>
  );
}

interface ApprovalDetails {
  title?: string;
  roles?: string[];
  data?: Record<string, unknown> | null;
}

export function Approval({ run, wait }: { run: string; wait: Pick<Waiting, "path" | "details" | "until"> }) {
  const { decide } = useRunActions(run);
  const may = useMay("editor");
  const [note, setNote] = useState("");
  const details = wait.details as ApprovalDetails;
  const answer = (approved: boolean) =>
    decide.mutate(
      { path: wait.path, approved, ...(note ? { note } : {}) },
      { onSuccess: () => toast({ title: approved ? "Approved; the run goes on" : "Declined; the run goes on" }) },
    );
  return (
    <Card className="approval">
      <div className="approval-head">
        <UserCheck aria-hidden />
        <div>
          <h2>{details.title ?? "May this go on?"}</h2>
          <p className="soft">
            {details.roles && details.roles.length > 0 && <>For {details.roles.join(" or ")}. </>}
            {wait.until && (
              <>
                Lapses <Time at={wait.until} />.
              </>
            )}
          </p>
        </div>
      </div>
      {details.data && <About data={details.data} />}
      {decide.error && <ErrorNote error={decide.error} compact />}
      {may && (
        <div className="approval-foot">
          <Input
            aria-label="Note"
            placeholder="A note (optional)"
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
          <Button icon={<X aria-hidden />} busy={decide.isPending} onClick={() => answer(false)}>
            Decline
          </Button>
          <Button kind="primary" icon={<Check aria-hidden />} busy={decide.isPending} onClick={() => answer(true)}>
            Approve
          </Button>
        </div>
      )}
    </Card>
  );
}
