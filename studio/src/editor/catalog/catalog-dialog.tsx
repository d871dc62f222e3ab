import * as Radix from "@radix-ui/react-dialog";
import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { useMemo, useRef, useState } from "react";
import { Code, ErrorNote, Kbd } from "@/ui";
import { triggerIcon, verbIcon } from "@/ui/format/verbs";
import { useAssist } from "../assist/assist";
import { useCatalog } from "../assist/use-catalog";
import { fieldOf, fieldsOf, wordOf } from "../form-model/schema";
import { usedNames } from "../form-model/steps";
import { useEditor } from "../document/store";
import { plain } from "../assist/doc-text";
import { actionItem, type Item, searched, stepItems, stepOf, triggerItems } from "./items";
import "./catalog.css";

export type Picked =
  | { kind: "step"; step: Record<string, unknown>; label: string }
  | { kind: "trigger"; trigger: Record<string, unknown>; label: string };

export interface CatalogDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onPick: (picked: Picked) => void;
  /** What is added: a step (default) or a trigger. */
  adding?: "step" | "trigger";
}

/** Everything that can be added, by typing: verbs, Stripe's actions, workflows, functions; or triggers and events. */
export function CatalogDialog({ open, onOpenChange, onPick, adding = "step" }: CatalogDialogProps) {
  const words = adding === "step" ? "Add a step" : "Add a trigger";
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className="catalog" aria-describedby={undefined}>
          <Radix.Title className="hidden-text">{words}</Radix.Title>
          <Search
            adding={adding}
            words={words}
            onPick={(picked) => {
              onOpenChange(false);
              onPick(picked);
            }}
          />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const GROUPS: Item["group"][] = [
  "Triggers",
  "Stripe events",
  "Flow",
  "Data",
  "Messages and calls",
  "Answers",
  "Stripe",
  "Workflows",
  "Python",
];

/** What can be added and fits the query, in groups; Stripe's actions come from the server. */
function useFoundItems(adding: "step" | "trigger", query: string) {
  const assist = useAssist();
  const catalog = useCatalog();
  const self = useEditor((state) => state.id);
  const actions = useQuery({
    queryKey: ["editor", "actions", query],
    queryFn: ({ signal }) => assist.actions(query, signal),
    enabled: adding === "step",
    staleTime: 300_000,
    placeholderData: (before) => before,
  });
  const all = useMemo(
    () => (catalog === undefined ? [] : adding === "step" ? stepItems(catalog, self) : triggerItems(catalog)),
    [catalog, adding, self],
  );
  const foundItems = useMemo(() => {
    const local = searched(all, query);
    const stripe = adding === "step" ? (actions.data ?? []).map(actionItem) : [];
    // Answers to the query before stay until the new ones are here, but only those that fit.
    return [...local, ...(actions.isPlaceholderData ? searched(stripe, query) : stripe)];
  }, [all, query, actions.data, actions.isPlaceholderData, adding]);
  const groups = GROUPS.map((group) => ({ group, items: foundItems.filter((item) => item.group === group) })).filter(
    ({ items }) => items.length > 0,
  );
  // While searching, the group with the best hit comes first.
  if (query.trim() !== "") groups.sort((group, other) => best(group.items, query) - best(other.items, query));
  return { found: foundItems, groups, loading: catalog === undefined || actions.isFetching };
}

/** Picks an item: a step gets a free id, a Stripe action the step to start from. */
function usePick(onPick: (picked: Picked) => void): { pick: (item: Item) => Promise<void>; failure: unknown } {
  const assist = useAssist();
  const [failure, setFailure] = useState<unknown>(null);
  const pick = async (item: Item): Promise<void> => {
    setFailure(null);
    try {
      if (item.make.kind === "trigger") {
        onPick({ kind: "trigger", trigger: structuredClone(item.make.trigger), label: item.name });
        return;
      }
      const snippet = item.make.kind === "action" ? (await assist.action(item.make.action)).snippet : null;
      const step = stepOf(item, usedNames(useEditor.getState().lastParsed?.data), snippet);
      if (step !== null) onPick({ kind: "step", step, label: item.name });
    } catch (error) {
      setFailure(error);
    }
  };
  return { pick, failure };
}

const PLACEHOLDERS = {
  step: "Add a step: if, select, refund payment, checkout session …",
  trigger: "Add a trigger: request, schedule, checkout session completed …",
};

interface SearchProps {
  adding: "step" | "trigger";
  words: string;
  onPick: (picked: Picked) => void;
}

function Search({ adding, words, onPick }: SearchProps) {
  const [query, setQuery] = useState("");
  const [highlighted, setHighlighted] = useState("");
  // Until the person moves, the best hit is the one that Enter takes, also when better ones come late.
  const moved = useRef(false);
  const { found, groups, loading } = useFoundItems(adding, query);
  const { pick, failure } = usePick(onPick);
  const current = found.find((item) => item.key === highlighted) ?? groups[0]?.items[0];
  const move = (): void => {
    moved.current = true;
  };

  return (
    <Command
      label={words}
      shouldFilter={false}
      loop
      value={current?.key ?? highlighted}
      onValueChange={(key) => moved.current && setHighlighted(key)}
      onKeyDown={(event) => {
        if (/^(Arrow|Home|End)/.test(event.key)) move();
      }}
      onPointerMove={move}
      className="catalog-command"
    >
      <Command.Input
        className="catalog-search"
        placeholder={PLACEHOLDERS[adding]}
        value={query}
        onValueChange={(text) => {
          moved.current = false;
          setHighlighted("");
          setQuery(text);
        }}
        autoFocus
      />
      <div className="catalog-body">
        <Command.List className="catalog-list" aria-label={words}>
          {groups.length === 0 ? (
            <div className="catalog-none">
              {loading ? "Searching …" : `Nothing matches “${query}”. Try another word: refund, email, wait.`}
            </div>
          ) : null}
          {groups.map(({ group, items }) => (
            <Group key={group} heading={group} items={items} onSelect={(item) => void pick(item)} />
          ))}
        </Command.List>
        <aside className="catalog-docs" aria-label="About the highlighted item">
          {failure === null ? null : <ErrorNote error={failure} compact />}
          {current === undefined ? null : <About item={current} />}
        </aside>
      </div>
      <Foot />
    </Command>
  );
}

function Group({ heading, items, onSelect }: { heading: string; items: Item[]; onSelect: (item: Item) => void }) {
  return (
    <Command.Group heading={heading} className="catalog-group">
      {items.map((item) => (
        <Command.Item key={item.key} value={item.key} className="catalog-item" onSelect={() => onSelect(item)}>
          <ItemIcon item={item} />
          <span className="catalog-title">{item.title}</span>
          <span className="catalog-name mono">{item.name}</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

const Foot = () => (
  <footer className="catalog-foot">
    <span>
      <Kbd keys="up" /> <Kbd keys="down" /> choose
    </span>
    <span>
      <Kbd keys="enter" /> add
    </span>
    <span>
      <Kbd keys="escape" /> close
    </span>
  </footer>
);

function ItemIcon({ item }: { item: Item }) {
  const Icon =
    item.make.kind === "action"
      ? verbIcon("stripe")
      : item.make.kind === "trigger"
        ? triggerIcon(item.key.startsWith("event ") ? "stripe" : item.name)
        : item.key.startsWith("workflow ")
          ? verbIcon("call")
          : item.key.startsWith("python ")
            ? verbIcon("python")
            : verbIcon(item.name);
  return <Icon size={15} aria-hidden className="catalog-icon" />;
}

function best(items: Item[], query: string): number {
  const first = items[0];
  if (first === undefined) return 99;
  const whole = query.toLowerCase().trim();
  const names = [first.name, first.title, ...first.words].map((name) => name.toLowerCase());
  if (names.includes(whole)) return first.group === "Workflows" ? 1.5 : 0;
  if (names.some((name) => name.startsWith(whole))) return 1;
  return names.some((name) => name.includes(whole)) ? 2 : 3;
}

function About({ item }: { item: Item }) {
  const catalog = useCatalog();
  const verb = item.key.startsWith("verb ") ? catalog?.verbs.find((verb) => verb.verb === item.name) : undefined;
  const trigger = item.key.startsWith("trigger ")
    ? catalog?.triggers.find((trigger) => trigger.kind === item.name)
    : undefined;
  return (
    <>
      <h3>{item.title}</h3>
      <p className="mono catalog-docs-name">{item.name}</p>
      <p>{plain(item.doc)}</p>
      {verb?.text ? <p className="soft">{plain(verb.text)}</p> : null}
      {verb?.value ? <p className="soft">Its value: {plain(verb.value)}</p> : null}
      {(verb?.example ?? trigger?.example) ? (
        <Code text={(verb?.example ?? trigger?.example ?? "").trimEnd()} label="an example" />
      ) : null}
      {item.make.kind === "action" ? <AboutAction name={item.make.action} /> : null}
    </>
  );
}

function AboutAction({ name }: { name: string }) {
  const assist = useAssist();
  const { data } = useQuery({
    queryKey: ["editor", "action", name],
    queryFn: () => assist.action(name),
    staleTime: Infinity,
    retry: false,
  });
  if (data === undefined) return null;
  const fields = fieldsOf(fieldOf("with", data.params));
  const required = fields.filter((field) => field.required);
  return (
    <>
      {data.moves_money ? (
        <p className="catalog-money">
          Moves money: an endpoint that calls it needs <code>dedupe</code> or an idempotency key of its own.
        </p>
      ) : null}
      {required.length > 0 ? (
        <>
          <h4>Required</h4>
          <ul className="catalog-params">
            {required.map((field) => (
              <li key={field.name}>
                <span className="mono">{field.name}</span> <span className="faint">{wordOf(field)}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <h4>{required.length > 0 ? "Optional" : "Parameters, all optional"}</h4>
      <p className="mono catalog-optional">
        {fields
          .filter((field) => !field.required)
          .map((field) => field.name)
          .join(", ") || "none"}
      </p>
      {data.docs_url ? (
        <a className="form-link" href={data.docs_url} target="_blank" rel="noreferrer" tabIndex={-1}>
          Stripe's documentation
        </a>
      ) : null}
    </>
  );
}
