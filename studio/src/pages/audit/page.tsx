/** The audit trail: who did what, on what, when, and from where. For admins. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, ScrollText, SearchX } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { client, PREFIX, take } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay, useMe } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import {
  Button,
  CopyId,
  Dialog,
  EmptyState,
  ErrorNote,
  Facts,
  FilterBar,
  Input,
  JsonView,
  More,
  PageBody,
  PageHeader,
  Select,
  Skeleton,
  Status,
  Table,
  Time,
  type Column,
} from "@/ui";
import "./audit.css";

type Entry = components["schemas"]["AuditEntry"];
type Outcome = Entry["outcome"];

/** The filters as the address has them. Days are whole days of the reader's own time. */
interface Filters {
  action?: string | undefined;
  actor?: string | undefined;
  target?: string | undefined;
  outcome?: Outcome | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

const DAY = 86_400_000;

/** The beginning of a day as the browser's clock has it; none if the text is no day. */
function startOf(day: string | undefined, after = 0): string | undefined {
  const start = day ? new Date(`${day}T00:00:00`).getTime() : Number.NaN;
  return Number.isNaN(start) ? undefined : new Date(start + after).toISOString();
}

function useFilters(): Filters {
  const [search] = useSearchParams();
  return {
    action: search["action"],
    actor: search["actor"],
    target: search["target"],
    outcome: search["outcome"] as Outcome | undefined,
    since: startOf(search["from"]),
    until: startOf(search["to"], DAY),
  };
}

export function Page() {
  const me = useMe().data;
  const may = useMay("admin");
  return (
    <PageBody>
      {me && !may ? (
        <>
          <PageHeader title="Audit" />
          <EmptyState icon={ScrollText} title="You need the Admin role">
            The audit trail shows who did what. Ask an admin for the role, or for an export.
          </EmptyState>
        </>
      ) : (
        may && <Trail />
      )}
    </PageBody>
  );
}

function Trail() {
  const filters = useFilters();
  const [search, setSearch] = useSearchParams();
  const trail = useInfiniteQuery({
    queryKey: ["audit", filters],
    queryFn: ({ pageParam, signal }) =>
      take(client.GET("/audit", { params: { query: { ...filters, before: pageParam, limit: 50 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (old) => old,
  });
  const entries = trail.data?.pages.flatMap((page) => page.data) ?? [];
  const open = entries.find((entry) => entry.id === search["entry"]);
  const clear = () =>
    setSearch(
      Object.fromEntries(["action", "actor", "target", "outcome", "from", "to"].map((key) => [key, undefined])),
    );
  return (
    <>
      <PageHeader title="Audit" actions={<Exports filters={filters} />} />
      <TrailFilters actions={trail.data?.pages[0]?.actions ?? {}} />
      {trail.error && <ErrorNote error={trail.error} retry={() => void trail.refetch()} />}
      {!trail.data && !trail.error && <Skeleton lines={10} />}
      {trail.data && entries.length === 0 && (
        <EmptyState
          icon={SearchX}
          title="No matching entries"
          action={<Button onClick={clear}>Show all entries</Button>}
        >
          Sign-ins, publishes, retries, replays, edited rows, and changed roles appear here.
        </EmptyState>
      )}
      {entries.length > 0 && (
        <>
          <Table<Entry>
            label="Audit trail"
            columns={COLUMNS}
            rows={entries}
            idOf={(entry) => entry.id}
            onOpen={(entry) => setSearch({ entry: entry.id })}
          />
          <More has={trail.hasNextPage} loading={trail.isFetchingNextPage} load={() => void trail.fetchNextPage()} />
        </>
      )}
      {open && <EntryDialog entry={open} close={() => setSearch({ entry: undefined })} />}
    </>
  );
}

const WORDS: Record<Outcome, string> = { done: "Done", refused: "Refused", failed: "Failed" };

const COLUMNS: Column<Entry>[] = [
  { id: "at", header: "When", width: "88px", cell: (entry) => <Time at={entry.at} /> },
  { id: "actor", header: "Who", width: "22%", cell: (entry) => <Actor entry={entry} /> },
  { id: "title", header: "What", cell: (entry) => entry.title },
  {
    id: "target",
    header: "On",
    width: "28%",
    minor: true,
    cell: (entry) =>
      entry.target ? <code className="audit-target">{entry.target}</code> : <span className="faint">–</span>,
  },
  {
    id: "outcome",
    header: "Outcome",
    width: "110px",
    minor: true,
    cell: (entry) => <OutcomeOf outcome={entry.outcome} />,
  },
];

const OutcomeOf = ({ outcome }: { outcome: Outcome }) => (
  <Status status={outcome === "done" ? "succeeded" : outcome} word={WORDS[outcome]} quiet />
);

const KINDS: Record<Entry["actor_kind"], string> = {
  person: "",
  token: "Admin token",
  operator: "Shell of the server",
  guest: "Not signed in",
  server: "Payloom",
};

function Actor({ entry }: { entry: Entry }): ReactNode {
  return <span className="audit-actor">{entry.actor ?? KINDS[entry.actor_kind]}</span>;
}

function Exports({ filters }: { filters: Filters }) {
  const addressOf = (format: "csv" | "jsonl") => {
    const query = new URLSearchParams({ format });
    Object.entries(filters).forEach(([name, value]: [string, string | undefined]) => value && query.set(name, value));
    return `${PREFIX}/audit/export?${query.toString()}`;
  };
  return (
    <>
      {(["csv", "jsonl"] as const).map((format) => (
        <Button key={format} asChild>
          <a href={addressOf(format)} download>
            <Download aria-hidden /> {format === "csv" ? "Export CSV" : "Export JSON"}
          </a>
        </Button>
      ))}
    </>
  );
}

/** A text in the address, written a moment after the last key. */
function TextFilter({ name, label, placeholder }: { name: string; label: string; placeholder: string }) {
  const [search, setSearch] = useSearchParams();
  const known = search[name] ?? "";
  const [text, setText] = useState(known);
  useEffect(() => setText(known), [known]);
  useEffect(() => {
    if (text.trim() === known) return;
    const timer = setTimeout(() => setSearch({ [name]: text.trim() || undefined }), 300);
    return () => clearTimeout(timer);
  }, [text, known, name, setSearch]);
  return (
    <Input
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => setText(event.target.value)}
      className="audit-text"
    />
  );
}

function TrailFilters({ actions }: { actions: Record<string, string> }) {
  const [search, setSearch] = useSearchParams();
  const set = (name: string) => (event: { target: { value: string } }) =>
    setSearch({ [name]: event.target.value || undefined });
  return (
    <FilterBar>
      <TextFilter name="actor" label="Who" placeholder="Who: an email address" />
      <Select aria-label="What" value={search["action"] ?? ""} onChange={set("action")}>
        <option value="">All actions</option>
        {Object.entries(actions).map(([action, title]) => (
          <option key={action} value={action}>
            {title}
          </option>
        ))}
      </Select>
      <TextFilter name="target" label="On" placeholder="On: an ID" />
      <Select aria-label="Outcome" value={search["outcome"] ?? ""} onChange={set("outcome")}>
        <option value="">All outcomes</option>
        {Object.entries(WORDS).map(([outcome, word]) => (
          <option key={outcome} value={outcome}>
            {word}
          </option>
        ))}
      </Select>
      <label className="audit-day">
        From <input type="date" className="input" value={search["from"] ?? ""} onChange={set("from")} />
      </label>
      <label className="audit-day">
        To <input type="date" className="input" value={search["to"] ?? ""} onChange={set("to")} />
      </label>
    </FilterBar>
  );
}

function EntryDialog({ entry, close }: { entry: Entry; close: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      side
      size="l"
      title={entry.title}
      description={<code>{entry.action}</code>}
    >
      <Facts
        facts={[
          ["When", <Time at={entry.at} exact key="at" />],
          ["Who", <Actor entry={entry} key="actor" />],
          ["Account", entry.account_id ? <CopyId id={entry.account_id} key="account" /> : null],
          ["On", entry.target ? <CopyId id={entry.target} key="target" /> : null],
          ["Outcome", <OutcomeOf outcome={entry.outcome} key="outcome" />],
          ["From", entry.address],
          ["Request", entry.request_id ? <CopyId id={entry.request_id} key="request" /> : null],
        ]}
      />
      {entry.before !== null && <JsonView value={entry.before} label="Before" open={2} />}
      {entry.after !== null && <JsonView value={entry.after} label="After" open={2} />}
      {entry.details !== null && <JsonView value={entry.details} label="Details" open={2} />}
    </Dialog>
  );
}
