/** Every workflow: what starts it, how its last run went, what the checker says. */
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, SearchX, Workflow } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "@/browser/search-params";
import { useShortcuts } from "@/browser/shortcuts";
import { useWorkflows } from "@/components/workflow-name";
import type { components } from "@/api/schema";
import { useMe } from "@/api/session";
import {
  Badge,
  Button,
  count,
  EmptyState,
  ErrorNote,
  FilterBar,
  PageBody,
  PageHeader,
  SearchField,
  Skeleton,
  Status,
  Table,
  Time,
  type Column,
} from "@/ui";
import { NewWorkflow } from "./new-workflow";
import { TriggerBadge } from "./trigger";
import "./workflows.css";

export type WorkflowLine = components["schemas"]["WorkflowLine"];

const COLUMNS: Column<WorkflowLine>[] = [
  {
    id: "name",
    header: "Workflow",
    cell: (row) => (
      <span className="workflow-name">
        <Link to="/workflows/$id" params={{ id: row.id }} tabIndex={-1}>
          {row.name}
        </Link>
        <code>{row.id}</code>
      </span>
    ),
  },
  {
    id: "trigger",
    header: "Starts on",
    width: "32%",
    cell: (row) => (
      <span className="workflow-triggers">
        {row.triggers.map((trigger, index) => (
          <TriggerBadge key={index} trigger={trigger} />
        ))}
      </span>
    ),
  },
  {
    id: "last",
    header: "Last run",
    width: "220px",
    cell: (row) =>
      row.last_run ? (
        <Link to="/runs/$id" params={{ id: row.last_run.id }} className="workflow-last" tabIndex={-1}>
          <Status status={row.last_run.outcome === "filtered" ? "filtered" : row.last_run.status} quiet />
          <Time at={row.last_run.created_at} />
        </Link>
      ) : (
        <span className="faint">
          {row.triggers.every((trigger) => trigger.kind === "called") ? "in its callers' runs" : "never"}
        </span>
      ),
  },
  { id: "lint", header: "Check", width: "120px", cell: (row) => <Lint line={row} /> },
  {
    id: "version",
    header: "Version",
    width: "96px",
    align: "right",
    minor: true,
    cell: (row) => (
      <code className="faint" title={row.version}>
        {row.version.slice(0, 7)}
      </code>
    ),
  },
];

function Lint({ line }: { line: WorkflowLine }) {
  if (line.errors > 0) return <Status status="error" quiet word={count(line.errors, "error")} />;
  if (line.warnings > 0) return <Status status="warning" quiet word={count(line.warnings, "warning")} />;
  if (line.advice > 0) return <Status status="hint" quiet word={`${line.advice} advice`} />;
  return <Status status="ok" quiet />;
}

const contains = (workflow: WorkflowLine, words: string): boolean =>
  `${workflow.id} ${workflow.name} ${workflow.description ?? ""} ${JSON.stringify(workflow.triggers)}`
    .toLowerCase()
    .includes(words);

const NewButton = ({ onClick }: { onClick: () => void }) => (
  <Button kind="primary" icon={<Plus aria-hidden />} onClick={onClick}>
    New workflow
  </Button>
);

const NoMatch = ({ onClear }: { onClear: () => void }) => (
  <EmptyState
    icon={SearchX}
    title="No matching workflows"
    action={<Button onClick={onClear}>Show all workflows</Button>}
  />
);

const NoWorkflow = ({ create }: { create: (() => void) | undefined }) => (
  <EmptyState icon={Workflow} title="No workflow yet" action={create && <NewButton onClick={create} />}>
    A workflow defines what happens when Stripe sends an event or a client calls an endpoint.
  </EmptyState>
);

export function Page() {
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const me = useMe().data;
  const [adding, setAdding] = useState(false);
  const workflows = useWorkflows();
  const words = (search["search"] ?? "").toLowerCase();
  const rows = useMemo(
    () => workflows.data?.data.filter((workflow) => contains(workflow, words)) ?? [],
    [workflows.data, words],
  );
  const editable = me?.editable ?? false;
  useShortcuts(editable ? [{ keys: "n", label: "New workflow", group: "This page", run: () => setAdding(true) }] : []);

  return (
    <PageBody>
      <PageHeader
        title="Workflows"
        badge={workflows.data && <Badge>{workflows.data.data.length}</Badge>}
        actions={editable && <NewButton onClick={() => setAdding(true)} />}
      />
      <FilterBar>
        <SearchField
          label="Filter workflows"
          placeholder="Name, trigger, event"
          value={search["search"] ?? ""}
          onChange={(event) => setSearch({ search: event.target.value || undefined })}
        />
      </FilterBar>
      {workflows.error && <ErrorNote error={workflows.error} retry={() => void workflows.refetch()} />}
      {!workflows.data && !workflows.error && <Skeleton lines={10} />}
      {workflows.data && workflows.data.data.length === 0 && (
        <NoWorkflow create={editable ? () => setAdding(true) : undefined} />
      )}
      {workflows.data && workflows.data.data.length > 0 && rows.length === 0 && (
        <NoMatch onClear={() => setSearch({ search: undefined })} />
      )}
      {rows.length > 0 && (
        <Table<WorkflowLine>
          label="Workflows"
          columns={COLUMNS}
          rows={rows}
          idOf={(row) => row.id}
          onOpen={(row) => void navigate({ to: "/workflows/$id", params: { id: row.id } })}
        />
      )}
      {adding && (
        <NewWorkflow
          known={new Set(workflows.data?.data.map((workflow) => workflow.id))}
          close={() => setAdding(false)}
        />
      )}
    </PageBody>
  );
}
