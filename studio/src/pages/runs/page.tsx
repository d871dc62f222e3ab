/** Every run: filters in the address, search by any id, retry of many at once. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Play, RotateCcw, SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams, useSearchText } from "@/browser/search-params";
import { client, take } from "@/api/client";
import { reasonOfFirst, useRetryMany, useRunCounts, useRuns, type RunState, type RunSummary } from "@/api/runs";
import { useMay } from "@/api/session";
import {
  Button,
  Choices,
  count,
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
  toast,
  toastError,
} from "@/ui";
import { columns, statusOf } from "@/components/run-columns";
import "./page.css";

const STATES: readonly { value: RunState | "all"; label: string }[] = [
  { value: "all", label: "All" },
  { value: "failed", label: "Failed" },
  { value: "running", label: "Running" },
  { value: "waiting", label: "Waiting" },
  { value: "parked", label: "Parked" },
  { value: "blocked", label: "Blocked" },
  { value: "succeeded", label: "Succeeded" },
  { value: "filtered", label: "Filtered out" },
  { value: "refused", label: "Refused" },
  { value: "canceled", label: "Canceled" },
];

/** The state that an address names; none if it names another word. */
function stateOf(word: string | undefined): RunState | undefined {
  const state = STATES.find((state) => state.value === word)?.value;
  return state === "all" ? undefined : state;
}

export function Page() {
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const { workflow, event } = search;
  const status = stateOf(search["status"]);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const runs = useRuns({ status, workflow, event, search: search["search"] });
  const mayRetry = useMay("support");

  const filter = search["search"];
  useEffect(() => setChosen(new Set()), [status, workflow, event, filter]);

  const rows = runs.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = Boolean(status || workflow || event || search["search"]);

  return (
    <PageBody>
      <PageHeader title="Runs" />
      <Filters />
      <div className="runs-states">
        <StatusChoices status={status} />
        {chosen.size > 0 && (
          <div className="runs-bulk" role="status">
            <span>{count(chosen.size, "run")} chosen</span>
            {mayRetry && (
              <RetryFailed
                failed={rows.filter((row) => chosen.has(row.id) && row.status === "failed")}
                onDone={() => setChosen(new Set())}
              />
            )}
          </div>
        )}
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
            {...(mayRetry ? { selected: chosen, onSelect: setChosen } : {})}
          />
          <More has={runs.hasNextPage} loading={runs.isFetchingNextPage} load={() => void runs.fetchNextPage()} />
        </>
      )}
    </PageBody>
  );
}

function Filters() {
  const [{ workflow, event }, setSearch] = useSearchParams();
  const [text, setText] = useSearchText();
  const workflows = useQuery({
    queryKey: ["workflows", "list"],
    queryFn: ({ signal }) => take(client.GET("/workflows", { signal })),
  }).data?.data;
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
        count: COUNTED.includes(state.value) ? counts?.[state.value] : undefined,
      }))}
    />
  );
}

function RetryFailed({ failed, onDone }: { failed: RunSummary[]; onDone: () => void }) {
  const retry = useRetryMany();
  const retryAll = () =>
    retry.mutate(
      failed.map((run) => run.id),
      {
        onSuccess: (answer) => {
          onDone();
          toast({
            title: `${count(answer.done, "run")} retried`,
            detail: answer.failed > 0 ? `${answer.failed} skipped: ${reasonOfFirst(answer)}` : undefined,
            tone: answer.done > 0 ? "good" : "bad",
          });
        },
        onError: toastError,
      },
    );
  return (
    <Button
      size="s"
      icon={<RotateCcw aria-hidden />}
      busy={retry.isPending}
      disabled={failed.length === 0}
      onClick={retryAll}
    >
      Retry {failed.length || ""} failed
    </Button>
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
    <EmptyState icon={Play} title="Nothing has run yet" command="payloom demo --check">
      A run starts when Stripe sends an event or a client calls an endpoint. Buy something in the shop, or run the five
      flows of the demo:
    </EmptyState>
  );
}
