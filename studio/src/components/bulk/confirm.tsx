/** Asks before a bulk action: what starts, on which version, what is left out, and which money it can move. */
import { useMutation } from "@tanstack/react-query";
import { CircleAlert } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useBulkActions, useBulkPlan, type BulkKind, type BulkPlan, type BulkRequest } from "@/api/bulk";
import { useMay } from "@/api/session";
import { Button, Checkbox, count, Dialog, ErrorNote, Field, Input, money, RadioGroup, Skeleton } from "@/ui";
import { BULK, itemsOf } from "./words";
import "./bulk.css";

export interface Question {
  kind: BulkKind;
  ids: string[];
}

interface ConfirmBulkProps {
  question: Question;
  close: () => void;
  onStarted?: (job: string) => void;
  /** Does it in another way than by a bulk action: for one item on its own page. */
  onConfirm?: (request: BulkRequest) => Promise<unknown>;
}

/** How a retry or a replay is done; the person can change it. */
function useChoices({ kind, ids }: Question) {
  const [chosen, setChosen] = useState<BulkKind | null>(null);
  const [startsAll, setStartsAll] = useState<boolean | null>(null);
  const [fromStart, setFromStart] = useState(false);
  const [note, setNote] = useState("");
  const mayRerun = useMay("editor");
  // The first plan says whether there is a choice: a newer version, or workflows that had succeeded.
  const first = useBulkPlan({ kind, ids });
  const outdated = first.data?.groups.reduce((sum, group) => sum + group.outdated, 0) ?? 0;
  const succeeded = first.data?.groups.reduce((sum, group) => sum + group.succeeded_before, 0) ?? 0;
  const total = first.data?.groups.reduce((sum, group) => sum + group.runs, 0) ?? 0;
  const newest = kind === "retry" && mayRerun && outdated > 0;
  const way: BulkKind = chosen ?? (newest ? "rerun" : kind);
  const onlyFailed = kind === "replay" && !(startsAll ?? !(succeeded > 0 && succeeded < total));
  const request: BulkRequest = {
    kind: way,
    ids,
    only_failed: onlyFailed,
    from_start: way === "rerun" && fromStart,
    note: note.trim() || null,
  };
  return {
    ...{ first, outdated, succeeded, newest, way, onlyFailed, request, fromStart, note },
    ...{ setChosen, setStartsAll, setFromStart, setNote },
  };
}

type ChoicesOf = ReturnType<typeof useChoices>;

export function ConfirmBulk({ question, close, onStarted, onConfirm }: ConfirmBulkProps) {
  const choices = useChoices(question);
  const plan = useBulkPlan({ ...choices.request, from_start: false, note: null });
  const { start: startJob } = useBulkActions();
  const start = useMutation({
    mutationFn: async (request: BulkRequest) => {
      if (onConfirm) await onConfirm(request);
      else onStarted?.((await startJob.mutateAsync(request)).id);
    },
    onSuccess: close,
  });
  const words = BULK[choices.way];
  const items = plan.data?.items ?? [];
  const run = () => start.mutate({ ...choices.request, ids: items });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={`${words.verb} ${itemsOf(choices.way, question.ids.length)}?`}
      description={words.does}
      footer={
        <>
          <Button onClick={close}>Back</Button>
          <Button
            kind={words.danger ? "danger" : "primary"}
            busy={start.isPending}
            disabled={items.length === 0 || plan.isPlaceholderData}
            onClick={run}
          >
            {words.verb} {itemsOf(choices.way, items.length)}
          </Button>
        </>
      }
    >
      <div className="stack">
        {choices.first.error && (
          <ErrorNote error={choices.first.error} retry={() => void choices.first.refetch()} compact />
        )}
        {!plan.data && !plan.error && <Skeleton lines={3} />}
        <Options kind={question.kind} choices={choices} />
        {plan.data && <Plan kind={choices.way} plan={plan.data} />}
        {start.error && <ErrorNote error={start.error} compact />}
      </div>
    </Dialog>
  );
}

function Options({ kind, choices }: { kind: BulkKind; choices: ChoicesOf }) {
  if (kind === "retry" && choices.newest) {
    return (
      <>
        <RadioGroup
          label="Version"
          value={choices.way}
          onChange={(value) => choices.setChosen(value as BulkKind)}
          choices={[
            {
              value: "rerun",
              label: "Rerun on the current version",
              hint: "Starts new runs at the failed step. Earlier steps keep their results.",
            },
            {
              value: "retry",
              label: "Retry on their own version",
              hint: `${count(choices.outdated, "run")} ${choices.outdated === 1 ? "is" : "are"} on an earlier version of the workflow, and a retry repeats that version.`,
            },
          ]}
        />
        {choices.way === "rerun" && (
          <Checkbox label="Begin at the first step" checked={choices.fromStart} onChange={choices.setFromStart} />
        )}
      </>
    );
  }
  if (kind === "replay" && choices.succeeded > 0) {
    return (
      <RadioGroup
        label="Workflows"
        value={choices.onlyFailed ? "failed" : "all"}
        onChange={(value) => choices.setStartsAll(value === "all")}
        choices={[
          { value: "failed", label: "Only those whose run failed" },
          {
            value: "all",
            label: "All that match",
            hint: `${count(choices.succeeded, "run")} that succeeded before ${choices.succeeded === 1 ? "happens" : "happen"} again.`,
          },
        ]}
      />
    );
  }
  if (kind !== "resolve") return null;
  return (
    <Field label="Note" hint="Optional: why nothing more is to be done.">
      {(attributes) => (
        <Input
          {...attributes}
          maxLength={500}
          value={choices.note}
          onChange={(event) => choices.setNote(event.target.value)}
        />
      )}
    </Field>
  );
}

const NAMES: Partial<Record<BulkKind, string>> = { resend: "Template" };

function Plan({ kind, plan }: { kind: BulkKind; plan: BulkPlan }) {
  const starts = plan.groups.reduce((sum, group) => sum + group.runs, 0);
  const isRun = kind !== "resend";
  return (
    <>
      {plan.groups.length > 0 && (
        <table className="bulk-plan" aria-label="What happens">
          <thead>
            <tr>
              <th scope="col">{NAMES[kind] ?? "Workflow"}</th>
              <th scope="col" className="table-right">
                {isRun ? "Runs" : "Emails"}
              </th>
              {isRun && <th scope="col">Moves money by</th>}
            </tr>
          </thead>
          <tbody>
            {plan.groups.map((group) => (
              <tr key={group.name}>
                <td>{group.name || "written in the workflow"}</td>
                <td className="table-right num">{group.runs}</td>
                {isRun && <td>{group.money.length > 0 ? <code>{group.money.join(", ")}</code> : "–"}</td>}
              </tr>
            ))}
          </tbody>
          {kind === "replay" && plan.groups.length > 1 && (
            <tfoot>
              <tr>
                <td>New runs</td>
                <td className="table-right num">{starts}</td>
                <td />
              </tr>
            </tfoot>
          )}
        </table>
      )}
      <Recipients plan={plan} />
      <MoneyNote plan={plan} />
      <Skipped plan={plan} />
    </>
  );
}

function Recipients({ plan }: { plan: BulkPlan }) {
  if (plan.recipients.length === 0) return null;
  return (
    <div>
      <p>To {count(plan.recipients.length, "address", "addresses")}:</p>
      <ul className="bulk-recipients" aria-label="Recipients" tabIndex={0}>
        {plan.recipients.map(({ address, emails }) => (
          <li key={address}>
            {address}
            {emails > 1 && <span className="soft"> · {count(emails, "email")}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function MoneyNote({ plan }: { plan: BulkPlan }) {
  if (plan.money_runs === 0) return null;
  const known = plan.amounts.map(({ amount, currency }) => money(amount, currency)).join(" and ");
  return (
    <Notice>
      <strong>{count(plan.money_runs, "run")} can move money.</strong>{" "}
      {known && `${plan.money_runs - plan.unknown_amounts === 1 ? "It is" : "They are"} about ${known}. `}
      {plan.unknown_amounts > 0 && `The amount of ${count(plan.unknown_amounts, "run")} isn't known before.`}
    </Notice>
  );
}

function Skipped({ plan }: { plan: BulkPlan }) {
  if (plan.skipped.length === 0) return null;
  const reasons = new Map<string, number>();
  plan.skipped.forEach(({ reason }) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  return (
    <div className="soft">
      <p>{plan.skipped.length} left out:</p>
      <ul className="bulk-reasons">
        {[...reasons].map(([reason, number]) => (
          <li key={reason}>
            <span className="num">{number}</span> × {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}

export const Notice = ({ children }: { children: ReactNode }) => (
  <p className="bulk-notice" role="note">
    <CircleAlert aria-hidden />
    <span>{children}</span>
  </p>
);
