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
import { signOut } from "@/api/session";
import { toastError } from "@/ui";
import type { NavigationItem } from "./navigation";
import { switchTheme } from "@/browser/theme";
import { useLayoutState } from "./layout-state";
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

export function Palette({ pages }: { pages: NavigationItem[] }) {
  const layoutState = useLayoutState();
  const navigate = useNavigate();
  const router = useRouter();
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const [marked, setMarked] = useState("");
  const close = () => layoutState.set({ palette: false });
  const go = (run: () => unknown) => () => {
    close();
    void run();
  };

  const workflows = useQuery({
    queryKey: ["workflows", "names"],
    queryFn: ({ signal }) => take(client.GET("/workflows", { signal })),
  }).data?.data;
  const found = useQuery({
    queryKey: ["search", query],
    queryFn: ({ signal }) => take(client.GET("/search", { params: { query: { q: query } }, signal })),
    enabled: query.length >= 2,
    placeholderData: (old) => old,
  });

  const first = found.data?.data[0];
  const best = first && query.length >= 2 ? `found ${first.kind} ${first.id}` : null;
  useEffect(() => {
    if (best) setMarked(best);
  }, [best]);

  return (
    <Command.Dialog
      value={marked}
      onValueChange={setMarked}
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
          placeholder="Search an order, an e-mail, pi_…, or a command"
        />
      </div>
      <Command.List>
        <Command.Empty>
          {found.isFetching ? "Searching …" : "Nothing fits. Try an id, an e-mail address or a page's name."}
        </Command.Empty>
        {query.length >= 2 && found.data && found.data.data.length > 0 && (
          <Command.Group heading="Found">
            {found.data.data.map((one) => {
              const Icon = ICONS[one.kind] ?? CreditCard;
              return (
                <Command.Item
                  key={`${one.kind} ${one.id}`}
                  value={`found ${one.kind} ${one.id}`}
                  onSelect={go(() => router.history.push(studioPath(one.href)))}
                >
                  <Icon aria-hidden />
                  <span>{one.title}</span>
                  <small>{one.detail}</small>
                </Command.Item>
              );
            })}
          </Command.Group>
        )}
        {query.length >= 2 && (
          <Command.Group heading="Search">
            <Command.Item value="search runs" onSelect={go(() => navigate({ to: "/runs", search: { search: query } }))}>
              <Play aria-hidden />
              <span>
                Runs about <b>{query}</b>
              </span>
            </Command.Item>
            <Command.Item
              value="search payment"
              onSelect={go(() => navigate({ to: "/journey/$id", params: { id: query } }))}
            >
              <ArrowRight aria-hidden />
              <span>
                The payment of <b>{query}</b>
              </span>
            </Command.Item>
          </Command.Group>
        )}
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
        {workflows && workflows.length > 0 && (
          <Command.Group heading="Workflows">
            {workflows.map((one) => (
              <Command.Item
                key={one.id}
                value={`workflow ${one.id}`}
                keywords={[one.name]}
                onSelect={go(() => navigate({ to: "/workflows/$id", params: { id: one.id } }))}
              >
                <Workflow aria-hidden />
                <span>{one.name}</span>
                <small>{one.id}</small>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        <Command.Group heading="Commands">
          <Command.Item
            value="Failed runs"
            onSelect={go(() => navigate({ to: "/runs", search: { status: "failed" } }))}
          >
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
          <Command.Item value="Keyboard shortcuts" onSelect={go(() => layoutState.set({ help: true }))}>
            <Keyboard aria-hidden />
            <span>Shortcuts</span>
          </Command.Item>
          <Command.Item value="Sign out" onSelect={go(() => signOut().catch(toastError))}>
            <LogOut aria-hidden />
            <span>Sign out</span>
          </Command.Item>
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}

/** Links from the server are below /studio, with or without it. */
function studioPath(href: string): string {
  return href.startsWith("/studio") ? href : `/studio${href}`;
}
