/** One run: what it did as a waterfall, and the details of the chosen step beside it. */
import { usePathParams } from "@/browser/path-params";
import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useSearchParams } from "@/browser/search-params";
import { TERMINAL, useRun, type RunDetail } from "@/api/runs";
import { rowsOf } from "@/model/runs/timeline";
import { CopyId, duration, ErrorNote, PageBody, PageHeader, Skeleton, Status, Time } from "@/ui";
import { statusOf, TriggerName } from "@/components/run-columns";
import { Actions } from "./actions";
import { Banner } from "./banner";
import { RunPanel } from "./panel/run-panel";
import { StepPanel } from "./panel/step-panel";
import { useDocument } from "./document";
import { Waterfall } from "./waterfall";
import "./run.css";

export function Page() {
  const { id = "" } = usePathParams();
  const run = useRun(id);
  if (run.error && !run.data) {
    return (
      <PageBody>
        <PageHeader title="Run" back={<Back />} />
        <ErrorNote error={run.error} retry={() => void run.refetch()} />
      </PageBody>
    );
  }
  if (!run.data) {
    return (
      <PageBody>
        <PageHeader title="Run" back={<Back />} />
        <Skeleton />
      </PageBody>
    );
  }
  return <Run run={run.data} />;
}

const Back = () => (
  <Link to="/runs" className="run-back">
    <ArrowLeft aria-hidden /> Runs
  </Link>
);

/** The moment, moving while the run is open. */
function useNow(moving: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [moving]);
  return now;
}

function RelatedRun({ how, id }: { how: string; id: string }) {
  return (
    <span>
      {how}{" "}
      <Link to="/runs/$id" params={{ id }} className="link">
        {id.slice(0, 4)}…{id.slice(-6)}
      </Link>
    </span>
  );
}

function Run({ run }: { run: RunDetail }) {
  const [search, setSearch] = useSearchParams();
  const open = !TERMINAL.has(run.status);
  const now = useNow(open);
  const document = useDocument(run.workflow, run.version, run.id);
  const rows = useMemo(() => rowsOf(run, run.steps, document.describe), [run, document.describe]);
  const chosen = rows.find((row) => row.key === search["step"]);
  const elapsed = (run.finished_at ? Date.parse(run.finished_at) : now) - Date.parse(run.created_at);

  return (
    <PageBody wide>
      <PageHeader
        title={document.name ?? run.workflow}
        name={`${run.workflow} ${run.id.slice(-6)}`}
        back={<Back />}
        badge={
          <>
            <Status status={run.status === "failed" ? "failed" : statusOf(run)} />
            {run.resolved_at && <Status status="resolved" quiet />}
          </>
        }
        actions={<Actions run={run} chosen={chosen?.step ?? null} document={document} />}
      >
        <div className="run-facts">
          <CopyId id={run.id} />
          <TriggerName trigger={run.trigger} />
          <span>
            started <Time at={run.created_at} />
          </span>
          <span className="num">
            {open ? "for" : "took"} {duration(elapsed)}
          </span>
          {run.forked_from && <RelatedRun how="rerun of" id={run.forked_from} />}
          {run.called_by.map((caller) => (
            <RelatedRun key={caller} how="called by" id={caller} />
          ))}
          {run.children.map((child) => (
            <RelatedRun key={child} how="rerun as" id={child} />
          ))}
        </div>
      </PageHeader>
      <Banner run={run} document={document} />
      <div className="run-columns">
        <Waterfall
          run={run}
          rows={rows}
          now={now}
          chosen={chosen?.key ?? null}
          choose={(key) => setSearch({ step: key ?? undefined, tab: undefined }, { push: true })}
        />
        <section className="run-details" aria-label={chosen ? `Step ${chosen.title}` : "The run"}>
          {chosen ? <StepPanel run={run} row={chosen} /> : <RunPanel run={run} document={document} />}
        </section>
      </div>
    </PageBody>
  );
}
