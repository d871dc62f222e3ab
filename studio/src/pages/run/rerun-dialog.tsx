/** Starts a new run from an old one: from the beginning or from a step, with the same or different input. */
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useRunActions, type RunDetail } from "@/api/runs";
import { isMap } from "@/model/document/path";
import { Button, Checkbox, Dialog, ErrorNote, Field, Select, TextArea, toast } from "@/ui";

interface RerunDialogProps {
  run: RunDetail;
  from: "beginning" | "step";
  step: string | null;
  close: () => void;
}

const MASKED = /\[redacted\]|•••/;

const WORDS = {
  step: {
    title: "Rerun from a step",
    description:
      "Steps before it keep their results. The selected step and all later ones run again, in a new run linked to this one.",
  },
  beginning: {
    title: "Rerun with different input",
    description: "Starts a new run, linked to this one. The effects of this run stay.",
  },
};

/** The steps that a run can begin at: those it did, and the one that failed. */
function stepChoices(run: RunDetail): { path: string; words: string }[] {
  const steps = run.steps.map(({ path, step_id: id, verb, action }) => ({
    path,
    words: [id ?? "", verb, action].filter(Boolean).join(" "),
  }));
  const failed = run.failure?.path;
  if (!failed || steps.some((step) => step.path === failed)) return steps;
  return [...steps, { path: failed, words: "the step that failed" }];
}

/** The input as an object, or what is wrong with it. */
function inputOf(text: string): { parsed: Record<string, unknown> | null; wrong: string | null } {
  try {
    const value: unknown = JSON.parse(text);
    if (isMap(value)) return { parsed: value, wrong: null };
    return { parsed: null, wrong: "The input must be a JSON object." };
  } catch (error) {
    return { parsed: null, wrong: error instanceof Error ? error.message : "This is not JSON." };
  }
}

function StepField({ run, path, onPath }: { run: RunDetail; path: string; onPath: (path: string) => void }) {
  return (
    <Field label="Start at">
      {(attributes) => (
        <Select {...attributes} value={path} onChange={(event) => onPath(event.target.value)}>
          {stepChoices(run).map(({ path: step, words }) => (
            <option key={step} value={step}>
              {step}
              {"  "}
              {words}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

export function RerunDialog({ run, from, step, close }: RerunDialogProps) {
  const { fork } = useRunActions(run.id);
  const navigate = useNavigate();
  const form = useId();
  const before = JSON.stringify(run.inputs ?? {}, null, 2);
  const [inputs, setInputs] = useState(before);
  const [path, setPath] = useState(step ?? run.steps.at(-1)?.path ?? "");
  const [newest, setNewest] = useState(false);
  const { parsed, wrong } = inputOf(inputs);
  const changed = inputs.trim() !== before.trim();

  const start = () =>
    fork.mutate(
      { ...(from === "step" ? { path } : {}), ...(changed && parsed ? { inputs: parsed } : {}), newest },
      {
        onSuccess: (fork) => {
          toast({ title: "Rerun started" });
          close();
          void navigate({ to: "/runs/$id", params: { id: fork.id } });
        },
      },
    );

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      {...WORDS[from]}
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
        {from === "step" && <StepField run={run} path={path} onPath={setPath} />}
        <InputField text={inputs} onText={setInputs} rows={before.split("\n").length + 1} wrong={wrong} />
        <Checkbox label="Use the current version" checked={newest} onChange={setNewest} />
        {fork.error && <ErrorNote error={fork.error} compact />}
      </form>
    </Dialog>
  );
}

interface InputFieldProps {
  text: string;
  onText: (text: string) => void;
  rows: number;
  wrong: string | null;
}

function InputField({ text, onText, rows, wrong }: InputFieldProps) {
  return (
    <Field
      label="Input"
      error={wrong}
      hint={
        MASKED.test(text)
          ? "Secrets are redacted: replace [redacted] with the real values, or leave the input unchanged."
          : undefined
      }
    >
      {(attributes) => (
        <TextArea
          {...attributes}
          mono
          rows={Math.min(16, Math.max(5, rows))}
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
      )}
    </Field>
  );
}
