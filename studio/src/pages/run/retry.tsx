/** Retry and resolve one failed run. Both ask first when there is something to say. */
import { useNavigate } from "@tanstack/react-router";
import { CheckCheck, RotateCcw } from "lucide-react";
import { useState } from "react";
import { useBulkPlan, type BulkRequest } from "@/api/bulk";
import { useRunActions, type RunDetail } from "@/api/runs";
import { useMay } from "@/api/session";
import { ConfirmBulk } from "@/components/bulk/confirm";
import { Button, toast, toastError } from "@/ui";

export function RetryButton({ run }: { run: RunDetail }) {
  const { retry, fork } = useRunActions(run.id);
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const plan = useBulkPlan({ kind: "retry", ids: [run.id] }).data;
  // Another version, or money: the person should know before.
  const plain = plan !== undefined && plan.money_runs === 0 && plan.groups.every((group) => group.outdated === 0);
  const retried = () => toast({ title: "Retrying the failed step" });

  const act = async (request: BulkRequest) => {
    if (request.kind === "retry") {
      await retry.mutateAsync();
      retried();
      return;
    }
    const path = request.from_start ? null : (run.failure?.path ?? null);
    const rerun = await fork.mutateAsync({ path, newest: true });
    toast({ title: "Rerun started" });
    void navigate({ to: "/runs/$id", params: { id: rerun.id } });
  };

  return (
    <>
      <Button
        kind="primary"
        icon={<RotateCcw aria-hidden />}
        busy={retry.isPending}
        onClick={() => (plain ? retry.mutate(undefined, { onSuccess: retried, onError: toastError }) : setAsking(true))}
      >
        Retry the failed step
      </Button>
      {asking && (
        <ConfirmBulk question={{ kind: "retry", ids: [run.id] }} close={() => setAsking(false)} onConfirm={act} />
      )}
    </>
  );
}

export function ResolveButton({ run }: { run: RunDetail }) {
  const { resolve } = useRunActions(run.id);
  const [asking, setAsking] = useState(false);
  if (!useMay("support")) return null;
  return (
    <>
      <Button size="s" icon={<CheckCheck aria-hidden />} onClick={() => setAsking(true)}>
        Resolve…
      </Button>
      {asking && (
        <ConfirmBulk
          question={{ kind: "resolve", ids: [run.id] }}
          close={() => setAsking(false)}
          onConfirm={(request) => resolve.mutateAsync(request.note ?? null)}
        />
      )}
    </>
  );
}
