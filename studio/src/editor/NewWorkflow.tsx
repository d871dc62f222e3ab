/** A new workflow: what it is called, and what starts it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock, CreditCard, Hand, PhoneCall, Webhook } from "lucide-react";
import { type FormEvent, useState } from "react";

import { request } from "../api/client";
import { useMay } from "../api/session";
import { Button, Dialog, ErrorNote, Field, Input } from "../ui";
import { createWorkflow } from "./remote";
import { idOf, idTrouble, STARTS, startText } from "./starts";

const ICONS = { api: Webhook, stripe: CreditCard, schedule: CalendarClock, manual: Hand, called: PhoneCall } as const;

export function NewWorkflowForm({ onDone }: { onDone?: () => void }) {
  const [name, setName] = useState("");
  const [typedId, setId] = useState<string | null>(null);
  const [kind, setKind] = useState("api");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const may = useMay("editor");
  const known = useQuery({ queryKey: ["workflows"], queryFn: ({ signal }) => request<{ data: { id: string }[] }>("GET", "/workflows", { signal }) });
  const id = typedId ?? idOf(name);
  const trouble = idTrouble(id, known.data?.data.map((one) => one.id) ?? []);
  const start = STARTS.find((one) => one.key === kind);
  const ready = may && name.trim() !== "" && id !== "" && trouble === null && start !== undefined;

  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    setError(null);
    try {
      await createWorkflow(id, startText(start, id, name.trim()));
      await cache.invalidateQueries({ queryKey: ["workflows"] });
      onDone?.();
      await navigate({ to: "/workflows/$id", params: { id } });
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <form className="new-workflow" onSubmit={(event) => void create(event)}>
      <Field label="Name" required hint="What it does, as you would say it: “Refund an order”.">
        {(attributes) => <Input {...attributes} autoFocus value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="File" required hint={`workflows/${id === "" ? "…" : id}.yaml`} error={trouble}>
        {(attributes) => <Input {...attributes} mono value={id} onChange={(event) => setId(event.target.value)} />}
      </Field>
      <fieldset className="new-starts">
        <legend>What starts it</legend>
        {STARTS.map((one) => {
          const Icon = ICONS[one.key as keyof typeof ICONS];
          return (
            <label key={one.key} className="new-start">
              <input type="radio" name="start" value={one.key} checked={kind === one.key} onChange={() => setKind(one.key)} />
              <Icon aria-hidden />
              <span>
                <b>{one.label}</b>
                <span className="soft">{one.doc}</span>
              </span>
            </label>
          );
        })}
      </fieldset>
      {!may && <p className="soft">Your role lets you look, not change. An admin can give you the role editor.</p>}
      {error !== null && <ErrorNote error={error} compact />}
      <div className="new-foot">
        <Button kind="primary" type="submit" busy={busy} disabled={!ready}>
          Create the workflow
        </Button>
      </div>
    </form>
  );
}

/** The same in a dialog, for the list of workflows. */
export function NewWorkflowDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New workflow" description="It is a file in your project; everything can be changed afterwards.">
      <NewWorkflowForm onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

/** `/workflows/new`. */
export function NewWorkflowPage() {
  return (
    <div className="new-page">
      <h1>New workflow</h1>
      <NewWorkflowForm />
    </div>
  );
}
