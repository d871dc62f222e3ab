/** ⌘K: every page, workflow and command, and a search over everything that has an id. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { Command, defaultFilter } from "cmdk";
import {
  ArrowRight,
  CreditCard,
  Inbox,
  Keyboard,
  LogOut,
  Mail,
  Moon,
  Play,
  RefreshCw,
  Search,
  ShoppingBag,
  User,
  Workflow,
  type LucideIcon,
} from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";
import { queryClient } from "@/api/queries";
import { client, take } from "@/api/client";
import { useWorkflows } from "@/components/workflow-name";
import type { components } from "@/api/schema";
import { signOut } from "@/api/session";
import { toastError } from "@/ui";
import type { NavigationItem } from "@/app/navigation/navigation";
import { switchTheme } from "@/browser/theme";
import { useLayoutState } from "@/app/navigation/layout-state";
import "./palette.css";

const ICONS: Record<string, LucideIcon> = {
  run: Play,
  event: Inbox,
  mail: Mail,
  workflow: Workflow,
  customer: User,
  user: User,
  order: ShoppingBag,
};

/** What the server found comes first, by its own rules; the general searches last. */
function rank(value: string, search: string, keywords?: string[]): number {
  if (value.startsWith("found ")) return 2;
  if (value.startsWith("search ")) return 0.001;
  return defaultFilter(value, search, keywords);
}

/** Closes the palette, then does what was chosen. */
type Go = (run: () => unknown) => () => void;

export function Palette({ pages }: { pages: NavigationItem[] }) {
  const setLayout = useLayoutState((state) => state.set);
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const [highlighted, setHighlighted] = useState("");
  const close = () => setLayout({ palette: false });
  const go: Go = (run) => () => {
    close();
    void run();
  };
  const searching = query.length >= 2;
  const hits = useQuery({
    queryKey: ["search", query],
    queryFn: ({ signal }) => take(client.GET("/search", { params: { query: { q: query } }, signal })),
    enabled: searching,
    placeholderData: (old) => old,
  });
  const suggestions = searching ? (hits.data?.data ?? []) : [];
  const best = suggestions[0] ? valueOf(suggestions[0]) : null;
  useEffect(() => {
    if (best) setHighlighted(best);
  }, [best]);

  return (
    <Command.Dialog
      value={highlighted}
      onValueChange={setHighlighted}
      filter={rank}
      open
      onOpenChange={(open) => !open && close()}
      label="Search and commands"
      overlayClassName="scrim"
      contentClassName="palette"
      loop
      shouldFilter
    >
      <div className="palette-input">
        <Search aria-hidden />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Search for an order, an email, pi_…, or a command"
        />
      </div>
      <Command.List>
        <Command.Empty>
          {hits.isFetching ? "Searching …" : "No results. Try an ID, an email address, or a page's name."}
        </Command.Empty>
        {suggestions.length > 0 && <Suggestions suggestions={suggestions} go={go} />}
        {searching && <Searches query={query} go={go} />}
        <Pages pages={pages} go={go} />
        <Workflows go={go} />
        <Commands go={go} />
      </Command.List>
    </Command.Dialog>
  );
}

type Suggestion = components["schemas"]["Suggestion"];

const valueOf = ({ kind, id }: Suggestion): string => `found ${kind} ${id}`;

function Suggestions({ suggestions, go }: { suggestions: Suggestion[]; go: Go }) {
  const router = useRouter();
  return (
    <Command.Group heading="Found">
      {suggestions.map((suggestion) => {
        const Icon = ICONS[suggestion.kind] ?? CreditCard;
        return (
          <Command.Item
            key={valueOf(suggestion)}
            value={valueOf(suggestion)}
            onSelect={go(() => router.history.push(studioPath(suggestion.href)))}
          >
            <Icon aria-hidden />
            <span>{suggestion.title}</span>
            <small>{suggestion.detail}</small>
          </Command.Item>
        );
      })}
    </Command.Group>
  );
}

/** The general searches, for what the server did not find by its id. */
function Searches({ query, go }: { query: string; go: Go }) {
  const navigate = useNavigate();
  return (
    <Command.Group heading="Search">
      <Command.Item value="search runs" onSelect={go(() => navigate({ to: "/runs", search: { search: query } }))}>
        <Play aria-hidden />
        <span>
          Runs about <b>{query}</b>
        </span>
      </Command.Item>
      <Command.Item value="search payment" onSelect={go(() => navigate({ to: "/journey/$id", params: { id: query } }))}>
        <ArrowRight aria-hidden />
        <span>
          The payment of <b>{query}</b>
        </span>
      </Command.Item>
    </Command.Group>
  );
}

function Pages({ pages, go }: { pages: NavigationItem[]; go: Go }) {
  const navigate = useNavigate();
  return (
    <Command.Group heading="Pages">
      {pages.map((page) => (
        <Command.Item
          key={page.to}
          value={page.name}
          keywords={page.keywords?.split(" ") ?? []}
          onSelect={go(() => navigate({ to: page.to }))}
        >
          <page.icon aria-hidden />
          <span>{page.name}</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function Workflows({ go }: { go: Go }) {
  const navigate = useNavigate();
  const workflows = useWorkflows().data?.data;
  if (!workflows || workflows.length === 0) return null;
  return (
    <Command.Group heading="Workflows">
      {workflows.map((workflow) => (
        <Command.Item
          key={workflow.id}
          value={`workflow ${workflow.id}`}
          keywords={[workflow.name]}
          onSelect={go(() => navigate({ to: "/workflows/$id", params: { id: workflow.id } }))}
        >
          <Workflow aria-hidden />
          <span>{workflow.name}</span>
          <small>{workflow.id}</small>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function Commands({ go }: { go: Go }) {
  const navigate = useNavigate();
  const setLayout = useLayoutState((state) => state.set);
  return (
    <Command.Group heading="Commands">
      <Command.Item value="Failed runs" onSelect={go(() => navigate({ to: "/runs", search: { status: "failed" } }))}>
        <Play aria-hidden />
        <span>Show failed runs</span>
      </Command.Item>
      <Command.Item
        value="Rejected events"
        onSelect={go(() => navigate({ to: "/events", search: { state: "rejected" } }))}
      >
        <Inbox aria-hidden />
        <span>Show rejected events</span>
      </Command.Item>
      <Command.Item value="Dark or light theme" onSelect={go(switchTheme)}>
        <Moon aria-hidden />
        <span>Switch between dark and light</span>
      </Command.Item>
      <Command.Item value="Refresh this page" onSelect={go(() => queryClient.invalidateQueries())}>
        <RefreshCw aria-hidden />
        <span>Refresh</span>
      </Command.Item>
      <Command.Item value="Keyboard shortcuts" onSelect={go(() => setLayout({ help: true }))}>
        <Keyboard aria-hidden />
        <span>Shortcuts</span>
      </Command.Item>
      <Command.Item value="Sign out" onSelect={go(() => signOut().catch(toastError))}>
        <LogOut aria-hidden />
        <span>Sign out</span>
      </Command.Item>
    </Command.Group>
  );
}

/** Links from the server are below /studio, with or without it. */
function studioPath(href: string): string {
  return href.startsWith("/studio") ? href : `/studio${href}`;
}
