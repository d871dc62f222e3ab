/** The inbox: every event from Stripe, its state and runs, and the rejected requests. */
import { usePathParams } from "@/browser/path-params";
import { Link, useNavigate } from "@tanstack/react-router";
import { DownloadCloud, Inbox, SearchX } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams, useSearchText } from "@/browser/search-params";
import { MOST_ITEMS } from "@/api/bulk";
import { client, take } from "@/api/client";
import { useEvents, useRejected, type EventFilter, type EventSummary } from "@/api/events";
import { useMay } from "@/api/session";
import {
  Button,
  Choices,
  CopyId,
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
  lookOf,
  type Column,
  type TableProps,
} from "@/ui";
import { FirstPayment } from "@/components/first-payment";
import { Bulk } from "@/components/bulk/bulk";
import { CatchUpDialog } from "./catch-up";
import { EventSheet } from "./event-sheet";
import { Rejected } from "./rejected";
import "./events.css";

const STATES = [
  { value: "all", label: "All" },
  ...["failed", "running", "handled", "unhandled", "set_aside"].map((value) => ({ value, label: lookOf(value).word })),
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

/** The events that the address asks for, and a function that selects all of them. */
function useMatching(rejected: boolean, select: (ids: Set<string>) => void) {
  const [search] = useSearchParams();
  const filter: EventFilter = {
    state: rejected ? undefined : (search["state"] as EventSummary["state"] | undefined),
    family: search["family"],
    type: search["type"],
    search: search["search"],
  };
  const events = useEvents(filter);
  const loaded = events.data?.pages.flatMap((page) => page.data) ?? [];
  const all = async () => {
    const query = { ...filter, limit: MOST_ITEMS } as never;
    const page = await take(client.GET("/events", { params: { query } }));
    select(new Set(page.data.map((event) => event.id)));
  };
  /** Only when everything that is loaded is selected, and there is more. */
  const selectMore = (chosen: ReadonlySet<string>) =>
    events.hasNextPage && loaded.every((event) => chosen.has(event.id)) ? all : undefined;
  return { events, selectMore };
}

export function Page() {
  const { id } = usePathParams();
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const mayReplay = useMay("support");
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const rejections = useRejected().data?.data ?? [];
  const refused = rejections.reduce((sum, rejection) => sum + rejection.count, 0);
  const state = search["state"];
  const showRejected = state === "rejected";
  const { events, selectMore } = useMatching(showRejected, setChosen);

  const filter = search["search"];
  useEffect(() => setChosen(new Set()), [state, filter]);

  return (
    <PageBody>
      <PageHeader title="Events" actions={mayReplay && <CatchUp />} />
      <EventSearch />
      <div className="events-states">
        <Choices
          label="State"
          value={state ?? "all"}
          onChange={(value) => setSearch({ state: value === "all" ? undefined : value })}
          choices={[...STATES, { value: "rejected", label: "Rejected", count: refused }]}
        />
        <Bulk
          item="event"
          selected={chosen}
          offers={[{ kind: "replay", ids: [...chosen] }]}
          clear={() => setChosen(new Set())}
          selectMore={selectMore(chosen)}
        />
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
          {...(mayReplay ? { selected: chosen, onSelect: setChosen } : {})}
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
    <EmptyState icon={Inbox} title="No events yet" action={<FirstPayment />}>
      Stripe's events appear here as they arrive. If one is missing, check the webhook endpoint under{" "}
      <Link to="/settings" className="link">
        Settings
      </Link>
      .
    </EmptyState>
  );
}
