/** How a run looks in a list, here and on other pages. */
import { Link } from "@tanstack/react-router";
import { Calendar, CornerDownRight, Hand, Phone, Power, Table2, Zap, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { RunSummary } from "@/api/runs";
import { WorkflowName } from "./workflow-name";
import { CopyId, Duration, Status, Time, Words, type Column } from "@/ui";
import "./run-columns.css";

const TRIGGERS: Record<string, [LucideIcon, string]> = {
  event: [Zap, "Event"],
  api: [Phone, "API request"],
  schedule: [Calendar, "Schedule"],
  manual: [Hand, "Manual"],
  start: [Power, "Server start"],
  called: [CornerDownRight, "Workflow"],
  call: [CornerDownRight, "Workflow"],
  table: [Table2, "Row change"],
};

/** What is shown: parked and blocked runs are waiting ones with a reason, filtered ones succeeded quietly. */
export function statusOf(
  run: Pick<RunSummary, "status" | "outcome" | "parked_on" | "blocked"> & { resolved_at?: string | null },
): string {
  if (run.parked_on) return "parked";
  if (run.blocked && run.status !== "failed" && run.status !== "canceled") return "blocked";
  if (run.status === "succeeded" && run.outcome === "filtered") return "filtered";
  if (run.status === "failed" && run.resolved_at) return "resolved";
  return run.status;
}

export function TriggerName({ trigger }: { trigger: string }) {
  const [Icon, name] = TRIGGERS[trigger] ?? [Zap, trigger];
  return (
    <span className="trigger-name">
      <Icon aria-hidden />
      {name}
    </span>
  );
}

/** The reason in a few words: why it failed, what it waits for. */
export function reasonOf(run: RunSummary): ReactNode {
  if (run.failure) return run.failure.message;
  if (run.parked_on) return `until a row appears in ${run.parked_on}`;
  const waiting = run.waiting_for as {
    approval?: string;
    call?: string;
    event?: string;
    family?: string;
    stripe?: string;
  } | null;
  if (waiting?.approval) return waiting.approval;
  if (waiting?.call)
    return (
      <>
        for the run of <WorkflowName id={waiting.call} />
      </>
    );
  const family = waiting?.event ?? waiting?.family ?? waiting?.stripe;
  if (typeof family === "string") return `for ${family}`;
  return null;
}

const span = (run: RunSummary): number | null =>
  run.finished_at ? Date.parse(run.finished_at) - Date.parse(run.created_at) : null;

export const columns: Column<RunSummary>[] = [
  { id: "status", header: "Status", width: "150px", cell: (run) => <Status status={statusOf(run)} quiet /> },
  {
    id: "workflow",
    header: "Workflow",
    cell: (run) => (
      <Link to="/runs/$id" params={{ id: run.id }} className="cell-link" tabIndex={-1}>
        <WorkflowName id={run.workflow} />
      </Link>
    ),
  },
  {
    id: "about",
    header: "Subject",
    width: "34%",
    cell: (run) => {
      const reason = reasonOf(run);
      if (reason)
        return (
          <span className={run.status === "failed" ? "run-reason run-reason-bad" : "run-reason"}>
            {typeof reason === "string" ? <Words text={reason} /> : reason}
          </span>
        );
      return run.object_id ? <CopyId id={run.object_id} /> : <span className="faint">–</span>;
    },
  },
  {
    id: "trigger",
    header: "Started by",
    width: "130px",
    minor: true,
    cell: (run) => <TriggerName trigger={run.trigger} />,
  },
  {
    id: "took",
    header: "Took",
    width: "88px",
    align: "right",
    minor: true,
    cell: (run) => <Duration ms={span(run)} />,
  },
  { id: "created", header: "When", width: "100px", align: "right", cell: (run) => <Time at={run.created_at} /> },
];
