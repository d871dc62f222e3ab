import { Link, useNavigate } from "@tanstack/react-router";
import { Ban, ChevronDown, CopyPlus, Pencil, Play, SkipForward, Terminal, Workflow } from "lucide-react";
import { useState } from "react";
import { TERMINAL, useRunActions, type RunDetail, type Step } from "@/api/runs";
import { useMay, useMe } from "@/api/session";
import { useShortcuts } from "@/browser/shortcuts";
import { curl, manage } from "@/model/runs/curl";
import { Button, Confirm, copy, Menu, MenuItem, MenuLine, toast, toastError } from "@/ui";
import type { Document } from "./document";
import { RerunDialog } from "./rerun-dialog";
import { RetryButton } from "./retry";

export function Actions({ run, chosen, document }: { run: RunDetail; chosen: Step | null; document: Document }) {
  const actions = useRunActions(run.id);
  const navigate = useNavigate();
  const may = useMay("editor");
  const mayRetry = useMay("support");
  const site = useMe().data?.site_url ?? window.location.origin;
  const [rerun, setRerun] = useState<"beginning" | "step" | null>(null);
  const over = TERMINAL.has(run.status);

  const again = () =>
    actions.fork.mutate(
      {},
      {
        onSuccess: (run) => {
          toast({ title: "Rerun started" });
          void navigate({ to: "/runs/$id", params: { id: run.id } });
        },
        onError: toastError,
      },
    );
  const copyCurl = () => void copy(curlOf(run, site)).then(() => toast({ title: "Copied as cURL" }));
  useShortcuts([
    { keys: "c", label: "Copy as cURL", group: "This run", run: copyCurl },
    ...(may ? [{ keys: "r", label: "Rerun", group: "This run", run: again }] : []),
  ]);

  return (
    <>
      <OpenInEditor run={run} document={document} may={may} />
      {may && !over && <CancelButton onCancel={() => actions.cancel.mutateAsync()} />}
      {mayRetry && run.status === "failed" && <RetryButton run={run} />}
      <RunAgainMenu run={run} again={may ? again : null} onRerun={setRerun} copyCurl={copyCurl} />
      {rerun && (
        <RerunDialog
          run={run}
          from={rerun}
          step={chosen?.path ?? run.failure?.path ?? null}
          close={() => setRerun(null)}
        />
      )}
    </>
  );
}

/** A failed run opens the editor at its step, with its data in a test run. */
function OpenInEditor({ run, document, may }: { run: RunDetail; document: Document; may: boolean }) {
  if (!may || run.status !== "failed") {
    return (
      <Button asChild>
        <Link to="/workflows/$id" params={{ id: run.workflow }}>
          <Workflow aria-hidden /> Workflow
        </Link>
      </Button>
    );
  }
  return (
    <Button asChild>
      <Link to="/workflows/$id" params={{ id: run.workflow }} search={document.editorSearch(run.failure?.path)}>
        <Pencil aria-hidden /> Open in the editor
      </Link>
    </Button>
  );
}

function CancelButton({ onCancel }: { onCancel: () => Promise<unknown> }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button icon={<Ban aria-hidden />} onClick={() => setAsking(true)}>
        Cancel
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Cancel this run?"
        action="Cancel the run"
        danger
        onConfirm={onCancel}
      >
        Completed steps aren't undone in Stripe or in your tables. The step in progress finishes first.
      </Confirm>
    </>
  );
}

interface RunAgainMenuProps {
  run: RunDetail;
  /** Null when the person may not run workflows. */
  again: (() => void) | null;
  onRerun: (from: "beginning" | "step") => void;
  copyCurl: () => void;
}

function RunAgainMenu({ run, again, onRerun, copyCurl }: RunAgainMenuProps) {
  return (
    <Menu
      trigger={
        <Button icon={again ? <Play aria-hidden /> : undefined}>
          {again ? "Rerun" : "More"} <ChevronDown aria-hidden />
        </Button>
      }
    >
      {again && (
        <>
          <MenuItem icon={<Play aria-hidden />} shortcut="r" onSelect={again}>
            Same input
          </MenuItem>
          <MenuItem icon={<CopyPlus aria-hidden />} onSelect={() => onRerun("beginning")}>
            Different input …
          </MenuItem>
          <MenuItem
            icon={<SkipForward aria-hidden />}
            disabled={run.steps.length === 0}
            onSelect={() => onRerun("step")}
          >
            From a step …
          </MenuItem>
          <MenuLine />
        </>
      )}
      <MenuItem icon={<Terminal aria-hidden />} shortcut="c" onSelect={copyCurl}>
        Copy as cURL
      </MenuItem>
    </Menu>
  );
}

/** The request that started it, when one did; otherwise the call that runs it again. */
export function curlOf(
  run: Pick<RunDetail, "id" | "trigger" | "event_id" | "inputs" | "request">,
  site: string,
): string {
  const http = (run.request as { http?: { method?: string; path?: string } } | null)?.http;
  if (run.trigger === "api" && http?.path && http.method) {
    if (http.method === "GET") {
      const query = new URLSearchParams(
        Object.entries((run.inputs ?? {}) as Record<string, unknown>)
          .filter(([, value]) => value !== null)
          .map(([key, value]) => [key, String(value)]),
      ).toString();
      return curl({ method: "GET", url: `${site}${http.path}${query ? `?${query}` : ""}` });
    }
    return curl({ method: http.method, url: `${site}${http.path}`, body: run.inputs ?? {} });
  }
  if (run.event_id) return manage(site, "POST", `/events/${run.event_id}/replay`);
  return manage(site, "POST", `/runs/${run.id}/fork`, {});
}
