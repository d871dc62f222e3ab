/** The failed run that led here: why it failed, and its rerun on the version that is published by now. */
import { useNavigate } from "@tanstack/react-router";
import { CircleCheck, CircleX } from "lucide-react";

import { ApiError } from "@/api/client";
import { useRun, useRunActions, type RunDetail } from "@/api/runs";
import { useMay } from "@/api/session";
import { Button, toast, toastError, Words } from "@/ui";
import { isUnsaved } from "./document/state";
import { useEditor } from "./document/store";

export function FromRun({ id }: { id: string }) {
  const run = useRun(id).data;
  const workflow = useEditor((state) => state.id);
  if (run?.workflow !== workflow || run.status !== "failed" || run.resolved_at !== null) return null;
  return <FailedRun run={run} />;
}

function FailedRun({ run }: { run: RunDetail }) {
  const published = useEditor((state) => state.publishedVersion);
  const unsaved = useEditor(isUnsaved);
  const may = useMay("editor");
  const { fork } = useRunActions(run.id);
  const navigate = useNavigate();
  const name = `…${run.id.slice(-6)}`;
  const newer = published !== null && published !== run.version && !unsaved;
  const rerun = (path: string | null) =>
    fork.mutate(
      { path, newest: true },
      {
        onSuccess: ({ id }) => {
          toast({ title: "Rerun started" });
          void navigate({ to: "/runs/$id", params: { id } });
        },
        onError: toastError,
      },
    );
  if (!newer) {
    return (
      <div className="editor-note editor-note-warn" role="status">
        <CircleX aria-hidden />
        <span>
          Run {name} failed: <Words text={run.failure?.message ?? ""} /> Fix the workflow and publish it, then rerun the
          run here.
        </span>
      </div>
    );
  }
  // The steps before the failed one may have changed: then only the beginning is left.
  const changed = fork.error instanceof ApiError && fork.error.code === "wrong_state";
  return (
    <div className="editor-note" role="status">
      <CircleCheck aria-hidden />
      <span>A new version is published. Run {name} failed on an earlier one.</span>
      {may && (
        <Button size="s" busy={fork.isPending} onClick={() => rerun(changed ? null : (run.failure?.path ?? null))}>
          {changed ? "Rerun from the first step" : "Rerun on this version"}
        </Button>
      )}
    </div>
  );
}
