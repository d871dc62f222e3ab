/** A bulk action while it goes on, and the result of each item. Its ID is in the address, so that a reload shows it again. */
import { Words } from "@/ui/basics/words";
import { Link } from "@tanstack/react-router";
import { resultsOf, useBulkActions, useBulkJob, type BulkItem, type BulkJob, type BulkResult } from "@/api/bulk";
import { Button, Dialog, ErrorNote, Skeleton, Status, toastError } from "@/ui";
import { BULK, itemsOf } from "./words";
import "./bulk.css";

export function BulkProgress({ id, close }: { id: string; close: () => void }) {
  const job = useBulkJob(id);
  const words = job.data ? BULK[job.data.kind] : null;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      size="l"
      title={job.data && words ? `${words.verb} ${itemsOf(job.data.kind, job.data.total)}` : "Bulk action"}
      footer={
        <>
          {job.data && <Controls job={job.data} />}
          <Button kind="primary" onClick={close}>
            Close
          </Button>
        </>
      }
    >
      {job.error && !job.data && <ErrorNote error={job.error} retry={() => void job.refetch()} />}
      {!job.data && !job.error && <Skeleton lines={4} />}
      {job.data && <Progress job={job.data} />}
    </Dialog>
  );
}

function Controls({ job }: { job: BulkJob }) {
  const { stop, resume } = useBulkActions();
  if (job.status === "running")
    return (
      <Button busy={stop.isPending} onClick={() => stop.mutate(job.id, { onError: toastError })}>
        Stop
      </Button>
    );
  if (job.status === "done" || job.pending === 0) return null;
  return (
    <Button busy={resume.isPending} onClick={() => resume.mutate(job.id, { onError: toastError })}>
      Resume
    </Button>
  );
}

/** In words: how far it is, and what came of it. */
export function summaryOf(job: BulkJob): string {
  const handled = job.done + job.failed;
  if (job.status === "running") return `${handled} of ${job.total} done.`;
  const { past, item } = BULK[job.kind];
  const results = resultsOf(job);
  const parts = [
    job.kind !== "resolve" && job.kind !== "cancel" && item !== "email"
      ? [
          `${results.succeeded} succeeded`,
          `${results.failed} failed`,
          results.open > 0 && `${results.open} not finished yet`,
          results.other > 0 && `${results.other} ended otherwise`,
        ]
      : [],
    job.failed > 0 ? [`${job.failed} not done`] : [],
    job.pending > 0 ? [`${job.pending} left`] : [],
  ]
    .flat()
    .filter(Boolean)
    .join(", ");
  const why = { stalled: "The server stopped in between. ", stopped: "Stopped. ", done: "" }[job.status];
  return `${why}${past} ${itemsOf(job.kind, job.done)}${parts ? `: ${parts}` : ""}.`;
}

function Progress({ job }: { job: BulkJob }) {
  const handled = job.done + job.failed;
  return (
    <div className="stack">
      <div
        className="bulk-bar"
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={job.total}
        aria-valuenow={handled}
      >
        <span className="bulk-bar-done" style={{ width: `${(job.done / job.total) * 100}%` }} />
        <span className="bulk-bar-failed" style={{ width: `${(job.failed / job.total) * 100}%` }} />
      </div>
      <p className="bulk-summary" role="status">
        {summaryOf(job)}
      </p>
      <ul className="bulk-items" aria-label="Results" tabIndex={0}>
        {job.items.map((item) => (
          <li key={item.id}>
            <Item job={job} item={item} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Item({ job, item }: { job: BulkJob; item: BulkItem }) {
  const plain = job.kind === "resolve" || job.kind === "resend";
  return (
    <>
      <span className="bulk-item-id">{plain ? <ItemLink job={job} id={item.id} /> : <code>{item.id}</code>}</span>
      <span className="bulk-item-results">
        {item.state === "pending" && <Status status="pending" quiet />}
        {item.state === "failed" && (
          <>
            <Status status="skipped" word="Not done" quiet />
            <span className="soft">
              <Words text={item.error?.message ?? ""} />
            </span>
          </>
        )}
        {item.state === "done" && plain && <Status status="ok" word={BULK[job.kind].past} quiet />}
        {item.state === "done" && !plain && item.results.length === 0 && <span className="soft">Nothing started</span>}
        {!plain && item.results.map((result) => <Result key={result.id} result={result} />)}
      </span>
    </>
  );
}

function ItemLink({ job, id }: { job: BulkJob; id: string }) {
  return (
    <Link to={job.kind === "resend" ? "/mail/$id" : "/runs/$id"} params={{ id }} className="link mono">
      {id}
    </Link>
  );
}

function Result({ result }: { result: BulkResult }) {
  return (
    <span className="bulk-result">
      <Status status={result.status ?? "queued"} quiet />
      <Link to="/runs/$id" params={{ id: result.id }} className="link">
        {result.workflow ?? result.id}
      </Link>
      {result.message && (
        <span className="soft">
          <Words text={result.message} />
        </span>
      )}
    </span>
  );
}
