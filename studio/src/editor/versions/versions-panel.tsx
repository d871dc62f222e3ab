/** The versions of a workflow: their changes in words and lines, and the rollback to one. */
import { rollBack, type Version } from "@/api/editor";
import { useQueryClient } from "@tanstack/react-query";
import { GitCommitHorizontal, History, RotateCcw } from "lucide-react";
import { useState } from "react";

import { Badge, Button, Confirm, CopyId, EmptyState, ErrorNote, Skeleton, Time, count, toast } from "@/ui";
import { useDiff, useVersions } from "../document/queries";
import { isUnsaved } from "../document/state";
import { useEditor } from "../document/store";
import { Changes, UnifiedDiff } from "./diff";
import "./versions.css";

export function VersionsPanel() {
  const id = useEditor((state) => state.id);
  const versions = useVersions(id);
  const [open, setOpen] = useState<string | null>(null);
  const [back, setBack] = useState<Version | null>(null);
  const cache = useQueryClient();
  if (versions.isPending) return <Skeleton lines={4} />;
  if (versions.isError) return <ErrorNote error={versions.error} retry={() => void versions.refetch()} />;
  if (versions.data.data.length === 0) {
    return (
      <EmptyState icon={History} title="No version yet">
        A version is stored each time the workflow is published. Save it, then publish.
      </EmptyState>
    );
  }
  const restore = async (version: Version) => {
    const { etag } = useEditor.getState();
    await rollBack(id, version.hash, etag);
    await useEditor.getState().refresh();
    await cache.invalidateQueries({ queryKey: ["editor"] });
    toast({ title: version.current ? "Draft discarded" : `Rolled back to version ${version.hash.slice(0, 8)}` });
  };
  return (
    <>
      <ol className="versions" aria-label="Versions, newest first">
        {versions.data.data.map((version) => (
          <li key={version.hash} className={open === version.hash ? "version version-open" : "version"}>
            <button
              type="button"
              className="version-head"
              aria-expanded={open === version.hash}
              onClick={() => setOpen(open === version.hash ? null : version.hash)}
            >
              <GitCommitHorizontal aria-hidden />
              <code>{version.hash.slice(0, 8)}</code>
              {version.current && <Badge tone="good">Current</Badge>}
              {version.open_runs > 0 && <Badge tone="info">{count(version.open_runs, "open run")}</Badge>}
              <span className="version-when">
                <Time at={version.created_at} />
              </span>
            </button>
            {open === version.hash && <VersionDetails version={version} onBack={() => setBack(version)} />}
          </li>
        ))}
      </ol>
      <Confirm
        open={back !== null}
        onOpenChange={(next) => !next && setBack(null)}
        title={back?.current ? "Discard the draft?" : `Roll back to version ${back?.hash.slice(0, 8) ?? ""}?`}
        action={back?.current ? "Discard the draft" : "Roll back"}
        onConfirm={() => (back === null ? undefined : restore(back))}
      >
        {back?.current
          ? "The file is written with the published text. What was saved since then is gone."
          : "The file is written with that version's text and published. In-flight runs finish on the version that they started with. The current version stays in this list."}
      </Confirm>
    </>
  );
}

function VersionDetails({ version, onBack }: { version: Version; onBack: () => void }) {
  const id = useEditor((state) => state.id);
  const readOnly = useEditor((state) => state.readOnly !== null);
  const unsaved = useEditor(isUnsaved);
  const diff = useDiff(id, version.hash, "file");
  return (
    <div className="version-details">
      <p className="faint">
        <CopyId id={version.hash} /> {version.author !== null && <>by {version.author}</>}
      </p>
      {diff.isPending && <Skeleton lines={3} />}
      {diff.isError && <ErrorNote error={diff.error} compact />}
      {diff.isSuccess && diff.data.text === "" && <p className="soft">The file has exactly this text.</p>}
      {diff.isSuccess && diff.data.text !== "" && (
        <>
          <h3>From this version to the file now</h3>
          <Changes diff={diff.data} />
          <UnifiedDiff text={diff.data.text} />
        </>
      )}
      {!readOnly && version.has_source && !(diff.isSuccess && diff.data.text === "" && version.current) && (
        <Button
          size="s"
          icon={<RotateCcw aria-hidden />}
          disabled={unsaved}
          title={unsaved ? "Save or discard your edits first" : undefined}
          onClick={onBack}
        >
          {version.current ? "Discard the draft" : "Roll back to this version"}
        </Button>
      )}
      {!version.has_source && <p className="faint">This version was made in Python and has no file to roll back to.</p>}
    </div>
  );
}
