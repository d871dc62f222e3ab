/** Starts a workflow by hand: a form of its input, then what it answered. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";
import { client, take } from "@/api/client";
import { Button, Dialog, ErrorNote, Field, Input, money, Select, Skeleton, TextArea, toast, Words } from "@/ui";
import { fieldsOf, read, type InputField } from "./inputs";
import { useWorkflow } from "./startable";

interface StartDialogProps {
  workflow: string;
  /** What is known of its input, by name; `currency` says what an amount is. */
  given: Readonly<Record<string, string>>;
  close: () => void;
}

/** A UUID, without `crypto.randomUUID`: browsers offer that only over HTTPS and on this machine. */
const newId = (): string => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, digitOf);

const digitOf = (place: string): string => {
  const random = crypto.getRandomValues(new Uint8Array(1))[0] ?? 0;
  return (Number(place) ^ (random & (15 >> (Number(place) / 4)))).toString(16);
};

export function StartDialog({ workflow: id, given, close }: StartDialogProps) {
  const form = useId();
  const navigate = useNavigate();
  const workflow = useWorkflow(id);
  const schema = workflow.data?.input;
  const [texts, setTexts] = useState<Record<string, string>>({});
  const start = useStart(id, (run) => {
    close();
    void navigate({ to: "/runs/$id", params: { id: run } });
  });
  // Another attempt is another request: with the key of the one that failed, it would get that one's answer.
  const failed = start.data?.failed ? start.data.run_id : null;
  const keys = useMemo(() => ({ failed, of: newId() }), [failed]);
  const fields = useMemo(() => fieldsOf(schema, given, () => keys.of), [schema, given, keys]);
  const [submitted, setSubmitted] = useState(false);
  const written = read(fields, texts);
  const wrong = submitted && "wrong" in written ? written.wrong : {};
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={workflow.data?.name ?? id}
      description={workflow.data?.description ? <Words text={workflow.data.description} /> : "Starts a run by hand."}
      footer={
        <>
          <Button onClick={close}>Back</Button>
          <Button kind="primary" type="submit" form={form} busy={start.isPending} disabled={!workflow.data}>
            Run
          </Button>
        </>
      }
    >
      {workflow.isError && <ErrorNote error={workflow.error} retry={() => void workflow.refetch()} />}
      {workflow.isPending && <Skeleton lines={4} />}
      <form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          setSubmitted(true);
          if ("inputs" in written) start.mutate(written.inputs);
        }}
      >
        {workflow.data && fields.length === 0 && <p className="faint">This workflow has no input.</p>}
        {fields.map((field) => (
          <StartField
            key={field.name}
            field={field}
            text={texts[field.name] ?? field.text}
            wrong={wrong[field.name]}
            currency={given["currency"]}
            onText={(text) => setTexts((old) => ({ ...old, [field.name]: text }))}
          />
        ))}
        {start.error && <ErrorNote error={start.error} compact />}
        {start.data?.failed && <Failed run={start.data.run_id} body={start.data.body} />}
      </form>
    </Dialog>
  );
}

/** Starts it, and goes to the run unless it failed: then what was written stays. */
function useStart(id: string, open: (run: string) => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (inputs: Record<string, unknown>) =>
      take(client.POST("/workflows/{workflow_id}/run", { params: { path: { workflow_id: id } }, body: { inputs } })),
    onSuccess: (answer) => {
      void cache.invalidateQueries();
      if (answer.failed) return;
      toast(answer.running ? { title: "Run started", detail: "It has not ended yet." } : DONE);
      open(answer.run_id);
    },
  });
}

const DONE = { tone: "good" as const, title: "The run succeeded" };

/** Why it failed, in the workflow's words, with the run. */
function Failed({ run, body }: { run: string; body: unknown }) {
  const { error } = (body ?? {}) as { error?: { message?: string } };
  return (
    <div className="stack">
      <ErrorNote error={new Error(error?.message ?? "The run failed.")} compact />
      <Link to="/runs/$id" params={{ id: run }} className="link">
        Show the run
      </Link>
    </div>
  );
}

interface StartFieldProps {
  field: InputField;
  text: string;
  wrong: string | undefined;
  currency: string | undefined;
  onText: (text: string) => void;
}

function StartField({ field, text, wrong, currency, onText }: StartFieldProps) {
  return (
    <Field label={field.name} required={field.required} error={wrong} hint={hintOf(field, text, currency)}>
      {(attributes) =>
        field.kind === "choice" ? (
          <Select {...attributes} value={text} onChange={(event) => onText(event.target.value)}>
            {(!field.required || text === "") && <option value="">–</option>}
            {field.choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </Select>
        ) : field.kind === "json" ? (
          <TextArea {...attributes} mono rows={3} value={text} onChange={(event) => onText(event.target.value)} />
        ) : (
          <Input
            {...attributes}
            mono
            inputMode={field.kind === "number" ? "numeric" : "text"}
            value={text}
            onChange={(event) => onText(event.target.value)}
          />
        )
      }
    </Field>
  );
}

function hintOf({ name, kind, required }: InputField, text: string, currency: string | undefined): string | undefined {
  const optional = required ? undefined : "Optional";
  if (kind === "json") return "JSON";
  if (kind !== "number" || !currency || !name.includes("amount")) return optional;
  const amount = Number(text);
  return text.trim() !== "" && Number.isInteger(amount)
    ? `${money(amount, currency)}, in minor units`
    : `${optional ?? "Required"}; minor units: 500 is ${money(500, currency)}`;
}
