/** The inbox: every event from Stripe, its state and runs, and the rejected requests. */
import { usePathParams } from "@/browser/path-params";
import { useNavigate } from "@tanstack/react-router";
import { DownloadCloud, Inbox, SearchX, Send } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams, useSearchText } from "@/browser/search-params";
import { useEvents, useRejected, useResend, type EventSummary } from "@/api/events";
import { reasonOfFirst } from "@/api/runs";
import { useMay } from "@/api/session";
import {
  Button,
  Choices,
  CopyId,
  count,
  EmptyState,
  ErrorNote,
  FilterBar,
  More,
  PageBody,
  PageHeader,
  SearchField,
  Skeleton,
  Status,
  Table,
  Time,
  toast,
  toastError,
  type Column,
  type TableProps,
} from "@/ui";
import { CatchUpDialog } from "./catch-up";
import { EventSheet } from "./event-sheet";
import { Rejected } from "./rejected";
import "./events.css";

const STATES = [
  { value: "all", label: "All" },
  { value: "failed", label: "Failed" },
  { value: "running", label: "Running" },
  { value: "handled", label: "Handled" },
  { value: "unhandled", label: "No workflow" },
  { value: "set_aside", label: "Set aside" },
];

const COLUMNS: Column<EventSummary>[] = [
  { id: "state", header: "State", width: "140px", cell: (row) => <Status status={row.state} quiet /> },
  { id: "type", header: "Type", cell: (row) => <span className="event-type">{row.type}</span> },
  {
    id: "object",
    header: "Object",
    width: "30%",
    cell: (row) => (row.object_id ? <CopyId id={row.object_id} /> : <span className="faint">–</span>),
  },
  {
    id: "runs",
    header: "Runs",
    width: "64px",
    align: "right",
    minor: true,
    cell: (row) => <span className={row.runs ? "num" : "num faint"}>{row.runs}</span>,
  },
  {
    id: "source",
    header: "Source",
    width: "130px",
    minor: true,
    cell: (row) => (
      <span className="soft">
        {row.source === "catch_up" ? "Catch-up" : "Webhook"}
        {row.deliveries > 1 && <span className="faint"> ×{row.deliveries}</span>}
      </span>
    ),
  },
  { id: "received", header: "Received", width: "104px", align: "right", cell: (row) => <Time at={row.received_at} /> },
];

function EventSearch() {
  const [text, setText] = useSearchText();
  return (
    <FilterBar>
      <SearchField
        label="Search events"
        placeholder="evt_…, an object's id, a type"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </FilterBar>
  );
}

export function Page() {
  const { id } = usePathParams();
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const mayResend = useMay("support");
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const rejections = useRejected().data?.data ?? [];
  const refused = rejections.reduce((sum, rejection) => sum + rejection.count, 0);
  const state = search["state"];
  const showRejected = state === "rejected";
  const events = useEvents({
    state: showRejected ? undefined : (state as EventSummary["state"] | undefined),
    family: search["family"],
    type: search["type"],
    search: search["search"],
  });

  const filter = search["search"];
  useEffect(() => setChosen(new Set()), [state, filter]);

  return (
    <PageBody>
      <PageHeader title="Events" actions={mayResend && <CatchUp />} />
      <EventSearch />
      <div className="events-states">
        <Choices
          label="State"
          value={state ?? "all"}
          onChange={(value) => setSearch({ state: value === "all" ? undefined : value })}
          choices={[...STATES, { value: "rejected", label: "Rejected", count: refused }]}
        />
        {chosen.size > 0 && mayResend && <ResendChosen chosen={chosen} onDone={() => setChosen(new Set())} />}
      </div>
      {showRejected ? (
        <Rejected rejections={rejections} />
      ) : (
        <EventList
          events={events}
          filtered={Boolean(state || search["search"] || search["type"])}
          clear={() => setSearch({ state: undefined, search: undefined, type: undefined })}
          current={id}
          onOpen={(event) =>
            void navigate({ to: "/events/$id", params: { id: event }, search: search, resetScroll: false })
          }
          {...(mayResend ? { selected: chosen, onSelect: setChosen } : {})}
        />
      )}
      {id && (
        <EventSheet
          id={id}
          close={() => void navigate({ to: "/events", search: { ...search, tab: undefined }, resetScroll: false })}
        />
      )}
    </PageBody>
  );
}

function CatchUp() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<DownloadCloud aria-hidden />} onClick={() => setOpen(true)}>
        Catch up
      </Button>
      {open && <CatchUpDialog close={() => setOpen(false)} />}
    </>
  );
}

function ResendChosen({ chosen, onDone }: { chosen: ReadonlySet<string>; onDone: () => void }) {
  const resend = useResend();
  const resendAll = () =>
    resend.mutate([...chosen], {
      onSuccess: (answer) => {
        onDone();
        toast({
          title: `${count(answer.done, "event")} resent`,
          detail: answer.failed > 0 ? `${answer.failed} not: ${reasonOfFirst(answer)}` : undefined,
          tone: answer.done > 0 ? "good" : "bad",
        });
      },
      onError: toastError,
    });
  return (
    <Button size="s" icon={<Send aria-hidden />} busy={resend.isPending} onClick={resendAll}>
      Resend {count(chosen.size, "event")}
    </Button>
  );
}

type EventListProps = Pick<TableProps<EventSummary>, "current" | "selected" | "onSelect"> & {
  events: ReturnType<typeof useEvents>;
  filtered: boolean;
  clear: () => void;
  onOpen: (id: string) => void;
};

function EventList({ events, filtered, clear, onOpen, ...selection }: EventListProps) {
  const rows = events.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      {events.error && <ErrorNote error={events.error} retry={() => void events.refetch()} />}
      {!events.data && !events.error && <Skeleton lines={10} />}
      {events.data && rows.length === 0 && <NoEvents filtered={filtered} clear={clear} />}
      {rows.length > 0 && (
        <>
          <Table<EventSummary>
            label="Events"
            columns={COLUMNS}
            rows={rows}
            idOf={(row) => row.id}
            nameOf={(row) => row.type}
            onOpen={(row) => onOpen(row.id)}
            {...selection}
          />
          <More has={events.hasNextPage} loading={events.isFetchingNextPage} load={() => void events.fetchNextPage()} />
        </>
      )}
    </>
  );
}

function NoEvents({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (filtered) {
    return (
      <EmptyState icon={SearchX} title="No matching events" action={<Button onClick={clear}>Show all events</Button>}>
        Search by an event's id, its object's id or a type such as charge.refunded.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={Inbox} title="No events yet">
      Stripe's events appear here as they arrive. With the local Stripe, pay for something in the shop. With the real
      one, check the webhook address under Settings.
    </EmptyState>
  );
}
