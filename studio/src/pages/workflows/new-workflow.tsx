/** A new file: a name, and what starts it. The editor opens on it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { CreateDialog } from "@/components/create-dialog";
import { Field, Input, Select } from "@/ui";
import { CALLERS, idOf, STARTS, textOf, type Callers, type StartKind } from "./fresh";

function StartField({ value, onChange }: { value: StartKind; onChange: (kind: StartKind) => void }) {
  return (
    <Field label="Starts on">
      {(attributes) => (
        <Select {...attributes} value={value} onChange={(event) => onChange(event.target.value as StartKind)}>
          {STARTS.map((start) => (
            <option key={start.kind} value={start.kind}>
              {start.label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function CallersField({ value, onChange }: { value: Callers; onChange: (callers: Callers) => void }) {
  return (
    <Field label="Who can call it" hint={CALLERS.find(({ auth }) => auth === value)?.hint}>
      {(attributes) => (
        <Select {...attributes} value={value} onChange={(event) => onChange(event.target.value as Callers)}>
          {CALLERS.map(({ auth, label }) => (
            <option key={auth} value={auth}>
              {label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

export function NewWorkflow({ known, close }: { known: ReadonlySet<string>; close: () => void }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [start, setStart] = useState<StartKind>("stripe");
  const [callers, setCallers] = useState<Callers>("user");
  const id = idOf(name);
  const exists = known.has(id);
  const create = useMutation({
    mutationFn: () => take(client.POST("/workflows", { body: { id, text: textOf(name.trim(), id, start, callers) } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ["workflows"] });
      close();
      void navigate({ to: "/workflows/$id", params: { id } });
    },
  });
  return (
    <CreateDialog
      size="s"
      title="New workflow"
      disabled={!id || exists}
      request={create}
      onSubmit={() => {
        if (id && !exists) create.mutate();
      }}
      close={close}
    >
      <Field
        label="Name"
        error={exists ? `There is a workflow ${id} already.` : undefined}
        hint={id ? `workflows/${id}.yaml` : "What it does, in a few words"}
      >
        {(attributes) => (
          <Input
            {...attributes}
            value={name}
            placeholder="Refund an order"
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <StartField value={start} onChange={setStart} />
      {start === "api" && <CallersField value={callers} onChange={setCallers} />}
    </CreateDialog>
  );
}
