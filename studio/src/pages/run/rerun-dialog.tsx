/** A new run that begins where one wants: from the beginning or at a step, with the input one wants. */
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useRunActions, type RunDetail } from "@/api/runs";
import { Button, Checkbox, Dialog, ErrorNote, Field, Select, TextArea, toast } from "@/ui";

interface RerunDialogProps {
  run: RunDetail;
  from: "beginning" | "step";
  step: string | null;
  close: () => void;
}

const MASKED = /\[redacted\]|•••/;

export function RerunDialog({ run, from, step, close }: RerunDialogProps) {
  const { fork } = useRunActions(run.id);
  const navigate = useNavigate();
  const form = useId();
  const before = JSON.stringify(run.inputs ?? {}, null, 2);
  const [inputs, setInputs] = useState(before);
  const [path, setPath] = useState(step ?? run.steps.at(-1)?.path ?? "");
  const [newest, setNewest] = useState(false);
  const failed = run.failure?.path;
  const places = [
    ...run.steps.map((one) => one.path),
    ...(failed && !run.steps.some((one) => one.path === failed) ? [failed] : []),
  ];
  const nameOf = (place: string) => {
    const found = run.steps.find((one) => one.path === place);
    const words = found
      ? [found.step_id ?? "", found.verb, found.action].filter(Boolean).join(" ")
      : "the step that failed";
    return `${place}  ${words}`;
  };

  let parsed: Record<string, unknown> | null = null;
  let wrong: string | null = null;
  try {
    const value: unknown = JSON.parse(inputs);
    if (value === null || typeof value !== "object" || Array.isArray(value)) wrong = "The input must be a JSON object.";
    else parsed = value as Record<string, unknown>;
  } catch (error) {
    wrong = error instanceof Error ? error.message : "This is not JSON.";
  }
  const changed = inputs.trim() !== before.trim();

  const start = () =>
    fork.mutate(
      { ...(from === "step" ? { path } : {}), ...(changed && parsed ? { inputs: parsed } : {}), newest },
      {
        onSuccess: (made) => {
          toast({ title: "A new run has begun" });
          close();
          void navigate({ to: "/runs/$id", params: { id: made.id } });
        },
      },
    );

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={from === "step" ? "Run again from a step" : "Run again with other input"}
      description={
        from === "step"
          ? "Steps before it keep the results they had; the chosen one and all after it are done anew, as a new run linked to this one."
          : "Begins anew, as a new run linked to this one. What this run did stays done."
      }
      footer={
        <>
          <Button onClick={close}>Back</Button>
          <Button kind="primary" type="submit" form={form} busy={fork.isPending} disabled={wrong !== null}>
            Run
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!wrong) start();
        }}
      >
        {from === "step" && (
          <Field label="Begin at">
            {(attributes) => (
              <Select {...attributes} value={path} onChange={(event) => setPath(event.target.value)}>
                {places.map((place) => (
                  <option key={place} value={place}>
                    {nameOf(place)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <Field
          label="Input"
          error={wrong}
          hint={
            MASKED.test(inputs)
              ? "Secrets are not shown: put the real values in the place of [redacted], or leave the input as it is."
              : undefined
          }
        >
          {(attributes) => (
            <TextArea
              {...attributes}
              mono
              rows={Math.min(16, Math.max(5, before.split("\n").length + 1))}
              value={inputs}
              onChange={(event) => setInputs(event.target.value)}
            />
          )}
        </Field>
        <Checkbox label="On the workflow as it is now" checked={newest} onChange={setNewest} />
        {fork.error && <ErrorNote error={fork.error} compact />}
      </form>
    </Dialog>
  );
}
