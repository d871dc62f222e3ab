/** Stand-ins for steps: a value or an error, kept beside the workflow (not in its file) for the next test. */
import { Pencil, X } from "lucide-react";
import { type SubmitEvent, useState } from "react";

import { Button, Dialog, Field, IconButton, Input, Select, TextArea } from "@/ui";
import { placeOf, useTestRun } from "./state";
import { calledSteps } from "@/editor/canvas/state/actions";

export function MockList() {
  const mocks = useTestRun((state) => state.mocks);
  const [editing, setEditing] = useState<string | null>(null);
  const paths = Object.keys(mocks);
  if (paths.length === 0) return null;
  return (
    <section className="mocks" aria-label="Mocked steps">
      <h3>Mocked steps</h3>
      <ul>
        {paths.map((path) => {
          const place = placeOf(path);
          const name = place === null ? path : calledSteps([place]);
          return (
            <li key={path} className="mock">
              <span className="mock-name">{name}</span>
              <code className="faint">
                {mocks[path]?.error ? `fails: ${mocks[path].error.kind}` : JSON.stringify(mocks[path]?.value ?? null)}
              </code>
              <IconButton size="s" label={`Change the mock of ${name}`} onClick={() => setEditing(path)}>
                <Pencil aria-hidden />
              </IconButton>
              <IconButton
                size="s"
                label={`Remove the mock of ${name}`}
                onClick={() => useTestRun.getState().mock(path, null)}
              >
                <X aria-hidden />
              </IconButton>
            </li>
          );
        })}
      </ul>
      {editing !== null && (
        <MockDialog
          path={editing}
          name={editing}
          start={mocks[editing]?.value ?? null}
          onClose={() => setEditing(null)}
        />
      )}
    </section>
  );
}

export interface MockDialogProps {
  /** The step's run path, without rounds. */
  path: string;
  name: string;
  /** The value to begin with. */
  start: unknown;
  onClose: () => void;
}

function DialogFoot({ onCancel }: { onCancel: () => void }) {
  return (
    <div className="flow-form-foot">
      <Button onClick={onCancel}>Cancel</Button>
      <Button kind="primary" type="submit">
        Mock it
      </Button>
    </div>
  );
}

interface MockErrorFieldsProps {
  kind: string;
  message: string;
  onKind: (kind: string) => void;
  onMessage: (message: string) => void;
}

function MockErrorFields({ kind, message, onKind, onMessage }: MockErrorFieldsProps) {
  return (
    <>
      <Field label="Kind" hint="What `catch` can name, e.g. card_declined, rate_limit.">
        {(attributes) => <Input {...attributes} mono value={kind} onChange={(event) => onKind(event.target.value)} />}
      </Field>
      <Field label="Message">
        {(attributes) => <Input {...attributes} value={message} onChange={(event) => onMessage(event.target.value)} />}
      </Field>
    </>
  );
}

export function MockDialog({ path, name, start, onClose }: MockDialogProps) {
  const known = useTestRun((state) => state.mocks[path]);
  const [kind, setKind] = useState<"value" | "error">(known?.error ? "error" : "value");
  const [value, setValue] = useState(JSON.stringify(known?.value ?? start, null, 2));
  const [error, setError] = useState(known?.error?.kind ?? "card_declined");
  const [message, setMessage] = useState(known?.error?.message ?? "Your card was declined.");
  const [wrong, setWrong] = useState<string | null>(null);
  const done = (event: SubmitEvent) => {
    event.preventDefault();
    try {
      useTestRun
        .getState()
        .mock(path, kind === "error" ? { error: { kind: error, message } } : { value: JSON.parse(value) as unknown });
      onClose();
    } catch {
      setWrong("This is not JSON.");
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Mock ${name}`}
      description="Test runs skip this step and return the value below."
    >
      <form className="flow-form" onSubmit={done}>
        <Field label="Result">
          {(attributes) => (
            <Select {...attributes} value={kind} onChange={(event) => setKind(event.target.value as "value" | "error")}>
              <option value="value">returns a value</option>
              <option value="error">fails with an error</option>
            </Select>
          )}
        </Field>
        {kind === "value" ? (
          <Field label="Value" hint="JSON" error={wrong}>
            {(attributes) => (
              <TextArea
                {...attributes}
                mono
                rows={12}
                value={value}
                onChange={(event) => {
                  setValue(event.target.value);
                  setWrong(null);
                }}
              />
            )}
          </Field>
        ) : (
          <MockErrorFields kind={error} message={message} onKind={setError} onMessage={setMessage} />
        )}
        <DialogFoot onCancel={onClose} />
      </form>
    </Dialog>
  );
}
