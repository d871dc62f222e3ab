/** Every run: filters in the address, search by any id, retry of many at once. */
import { useNavigate } from "@tanstack/react-router";
import { Play, SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams, useSearchText } from "@/browser/search-params";
import { client, take } from "@/api/client";
import { useWorkflows } from "@/components/workflow-name";
import { MOST_ITEMS } from "@/api/bulk";
import { TERMINAL, useRunCounts, useRuns, type RunFilter, type RunState, type RunSummary } from "@/api/runs";
import { useMay } from "@/api/session";
import {
  Button,
  Choices,
  EmptyState,
  ErrorNote,
  FilterBar,
  More,
  PageBody,
  PageHeader,
  SearchField,
  Select,
  Skeleton,
  Table,
  lookOf,
} from "@/ui";
import { Bulk, type BulkOffer } from "@/components/bulk/bulk";
import { FirstPayment } from "@/components/first-payment";
import { columns, statusOf } from "@/components/run-columns";
import "./page.css";

const STATES: readonly { value: RunState | "all"; label: string }[] = [
  { value: "all", label: "All" },
  ...(
    [
      "failed",
      "resolved",
      "running",
      "waiting",
      "parked",
      "blocked",
      "succeeded",
      "filtered",
      "refused",
      "canceled",
    ] as const
  ).map((value) => ({ value, label: lookOf(value).word })),
];

/** The state that an address names; none if it names another word. */
function stateOf(word: string | undefined): RunState | undefined {
  const state = STATES.find((state) => state.value === word)?.value;
  return state === "all" ? undefined : state;
}

/** What the server is asked for: failed runs that are resolved have a state of their own. */
const serverState = (status: RunState | undefined): RunState | undefined =>
  status === "failed" ? "unresolved" : status;

/** What can be done with the selected runs. */
function offersOf(rows: RunSummary[]): BulkOffer[] {
  const idsOf = (fits: (run: RunSummary) => boolean) => rows.filter(fits).map((run) => run.id);
  return [
    { kind: "retry", ids: idsOf((run) => run.status === "failed") },
    { kind: "rerun", ids: idsOf((run) => TERMINAL.has(run.status) && run.status !== "failed") },
    { kind: "resolve", ids: idsOf((run) => run.status === "failed" && run.resolved_at === null) },
    { kind: "cancel", ids: idsOf((run) => !TERMINAL.has(run.status)) },
  ];
}

/** The selected runs, also those that were selected beyond the loaded pages. */
function useSelection(filter: RunFilter) {
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [more, setMore] = useState<RunSummary[]>([]);
  const { status, workflow, event, search } = filter;
  useEffect(() => setChosen(new Set()), [status, workflow, event, search]);
  const selectMore = async () => {
    const page = await take(client.GET("/runs", { params: { query: { ...filter, limit: MOST_ITEMS } } }));
    setMore(page.data);
    setChosen(new Set(page.data.map((run) => run.id)));
  };
  return { chosen, setChosen, more, selectMore };
}

export function Page() {
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const { workflow, event } = search;
  const status = stateOf(search["status"]);
  const filter: RunFilter = { status: serverState(status), workflow, event, search: search["search"] };
  const runs = useRuns(filter);
  const mayAct = useMay("support");
  const { chosen, setChosen, more, selectMore } = useSelection(filter);
  const rows = runs.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = Boolean(status || workflow || event || search["search"]);

  return (
    <PageBody>
      <PageHeader title="Runs" />
      <Filters />
      <div className="runs-states">
        <StatusChoices status={status} />
        <Bulk
          item="run"
          selected={chosen}
          offers={offersOf(selectedOf(chosen, rows, more))}
          clear={() => setChosen(new Set())}
          {...(runs.hasNextPage && rows.every((row) => chosen.has(row.id)) ? { selectMore } : {})}
        />
      </div>
      {runs.error && <ErrorNote error={runs.error} retry={() => void runs.refetch()} />}
      {!runs.data && !runs.error && <Skeleton lines={10} />}
      {runs.data && rows.length === 0 && (
        <NoRuns
          filtered={filtered}
          clear={() => setSearch({ status: undefined, workflow: undefined, event: undefined, search: undefined })}
        />
      )}
      {rows.length > 0 && (
        <>
          <Table<RunSummary>
            label="Runs"
            columns={columns}
            rows={rows}
            idOf={(row) => row.id}
            nameOf={(row) => `${row.workflow}, ${statusOf(row)}`}
            onOpen={(row) => void navigate({ to: "/runs/$id", params: { id: row.id } })}
            {...(mayAct ? { selected: chosen, onSelect: setChosen } : {})}
          />
          <More has={runs.hasNextPage} loading={runs.isFetchingNextPage} load={() => void runs.fetchNextPage()} />
        </>
      )}
    </PageBody>
  );
}

function selectedOf(chosen: ReadonlySet<string>, ...known: RunSummary[][]): RunSummary[] {
  const byId = new Map(known.flat().map((run) => [run.id, run]));
  return [...chosen].flatMap((id) => byId.get(id) ?? []);
}

function Filters() {
  const [{ workflow, event }, setSearch] = useSearchParams();
  const [text, setText] = useSearchText();
  const workflows = useWorkflows().data?.data;
  return (
    <FilterBar>
      <SearchField
        label="Search runs"
        placeholder="Any ID, an email, an order"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Select
        aria-label="Workflow"
        value={workflow ?? ""}
        onChange={(event) => setSearch({ workflow: event.target.value || undefined })}
      >
        <option value="">All workflows</option>
        {workflows?.map((workflow) => (
          <option key={workflow.id} value={workflow.id}>
            {workflow.name}
          </option>
        ))}
      </Select>
      {event && (
        <Button size="s" onClick={() => setSearch({ event: undefined })}>
          Event {event} ✕
        </Button>
      )}
    </FilterBar>
  );
}

/** States that need attention: their runs are counted. */
const COUNTED: readonly string[] = ["failed", "running", "waiting", "parked", "blocked"];

function StatusChoices({ status }: { status: string | undefined }) {
  const [, setSearch] = useSearchParams();
  const counts: Record<string, number> | undefined = useRunCounts().data;
  return (
    <Choices
      label="Status"
      value={status ?? "all"}
      onChange={(value) => setSearch({ status: value === "all" ? undefined : value })}
      choices={STATES.map((state) => ({
        ...state,
        count: COUNTED.includes(state.value) ? counts?.[serverState(state.value as RunState) ?? ""] : undefined,
      }))}
    />
  );
}

function NoRuns({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (filtered) {
    return (
      <EmptyState icon={SearchX} title="No matching runs" action={<Button onClick={clear}>Show all runs</Button>}>
        Search by the ID of an order, customer, payment, session, or event.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={Play} title="Nothing has run yet" action={<FirstPayment />}>
      A run starts when Stripe sends an event that a workflow listens to, or when a client calls an endpoint.
    </EmptyState>
  );
}
