/** The top of the editor: the workflow's name, whether it is saved and published, and its actions. */
import { publish } from "@/api/editor";
import { Link } from "@tanstack/react-router";
import {
  CircleAlert,
  CircleCheck,
  CircleDot,
  CircleX,
  FlaskConical,
  History,
  LayoutGrid,
  List,
  Lock,
  Play,
  Rocket,
  Save,
  Columns2,
  SquareCode,
} from "lucide-react";
import { useState } from "react";

import { Badge, Button, Kbd, Tooltip, toast, toastError } from "@/ui";
import { useMe } from "@/api/session";
import { isUnsaved } from "./document/state";
import { StartDialog } from "@/components/start/start-dialog";
import { mayStart, useWorkflow } from "@/components/start/startable";
import { useEditor } from "./document/store";
import { saveNow } from "./save";
import type { View } from "./view";

const VIEWS: { view: View; label: string; icon: typeof List }[] = [
  { view: "canvas", label: "Canvas", icon: LayoutGrid },
  { view: "split", label: "Both", icon: Columns2 },
  { view: "yaml", label: "YAML", icon: SquareCode },
  { view: "list", label: "List", icon: List },
];

export function EditorHeader({
  view,
  onView,
  panel,
  onPanel,
}: {
  view: View;
  onView: (view: View) => void;
  panel: string | undefined;
  onPanel: (panel: string | undefined) => void;
}) {
  const id = useEditor((state) => state.id);
  const name = useEditor((state) => state.lastParsed?.data["name"]);
  return (
    <header className="editor-head">
      <div className="editor-name">
        <Link to="/workflows" className="editor-back">
          Workflows
        </Link>
        <span aria-hidden className="faint">
          /
        </span>
        <h1 title={id}>{typeof name === "string" && name !== "" ? name : id}</h1>
        <SavedState />
        <Lane />
      </div>
      <div className="editor-actions">
        <div className="editor-switch" role="group" aria-label="View">
          {VIEWS.map(({ view: name, label, icon: Icon }) => (
            <button key={name} type="button" aria-pressed={view === name} onClick={() => onView(name)}>
              <Icon aria-hidden />
              {label}
            </button>
          ))}
        </div>
        <Button
          kind="quiet"
          icon={<FlaskConical aria-hidden />}
          aria-pressed={panel === "test"}
          onClick={() => onPanel(panel === "test" ? undefined : "test")}
        >
          Test
        </Button>
        <Button
          kind="quiet"
          icon={<History aria-hidden />}
          aria-pressed={panel === "versions"}
          onClick={() => onPanel(panel === "versions" ? undefined : "versions")}
        >
          Versions
        </Button>
        <Start />
        <Publish />
        <SaveButton />
      </div>
    </header>
  );
}

function SavedState() {
  const unsaved = useEditor(isUnsaved);
  const unpublished = useEditor((state) => state.unpublished);
  const readOnly = useEditor((state) => state.readOnly);
  const published = useEditor((state) => state.publishedVersion);
  const away = useEditor((state) => state.away);
  const version = published === null ? "" : ` (version ${published.slice(0, 8)})`;
  return (
    <span className="editor-state" role="status">
      {readOnly !== null && (
        <Tooltip text={readOnly}>
          <span tabIndex={0}>
            <Badge tone="neutral">
              <Lock aria-hidden /> Read only
            </Badge>
          </span>
        </Tooltip>
      )}
      {away !== null && unsaved ? (
        <Badge
          tone="bad"
          title={`${away.message} This browser keeps your edits and sends them when the server answers.`}
        >
          <CircleAlert aria-hidden /> Not saved, trying again
        </Badge>
      ) : unsaved ? (
        <Badge tone="warn" title="These edits aren't in the file yet. This browser keeps them.">
          <CircleDot aria-hidden /> Unsaved
        </Badge>
      ) : unpublished ? (
        <Badge tone="info" title="The file is saved; new runs still use the published version.">
          <CircleAlert aria-hidden /> Saved, not published
        </Badge>
      ) : (
        <Badge tone="good" title={`New runs use what you see${version}.`}>
          <CircleCheck aria-hidden /> {published === null ? "Saved" : "Published"}
        </Badge>
      )}
    </span>
  );
}

function Lane() {
  const lane = useEditor((state) => state.check?.lane);
  const errors = useEditor(
    (state) => state.check?.diagnostics.filter((finding) => finding.severity === "error").length ?? 0,
  );
  return (
    <>
      {lane && (
        <Tooltip text={lane.why}>
          <span className="editor-lane" tabIndex={0}>
            {lane.name === "fast" ? "Fast" : "Durable"}
          </span>
        </Tooltip>
      )}
      {errors > 0 && (
        <span className="editor-errors">
          <CircleX aria-hidden /> {errors} {errors === 1 ? "error" : "errors"}
        </span>
      )}
    </>
  );
}

const NOTHING: Readonly<Record<string, string>> = {};

/** Starts the published workflow by hand, if this person may. */
function Start() {
  const id = useEditor((state) => state.id);
  const workflow = useWorkflow(id).data;
  const me = useMe().data;
  const [open, setOpen] = useState(false);
  if (!workflow || !mayStart(workflow, me)) return null;
  return (
    <>
      <Button kind="quiet" icon={<Play aria-hidden />} onClick={() => setOpen(true)}>
        Run…
      </Button>
      {open && <StartDialog workflow={id} given={NOTHING} close={() => setOpen(false)} />}
    </>
  );
}

function SaveButton() {
  const unsaved = useEditor(isUnsaved);
  const saving = useEditor((state) => state.saving);
  const readOnly = useEditor((state) => state.readOnly !== null);
  if (readOnly) return null;
  return (
    <Button
      kind="primary"
      icon={<Save aria-hidden />}
      busy={saving}
      disabled={!unsaved}
      onClick={() => void saveNow().catch(toastError)}
    >
      Save <Kbd keys="mod+s" />
    </Button>
  );
}

/** Why somebody who saved a draft cannot publish it. */
const NotYours = () => (
  <span className="faint" role="note">
    A draft: an admin publishes it
  </span>
);

function Publish() {
  const unsaved = useEditor(isUnsaved);
  const unpublished = useEditor((state) => state.unpublished);
  const readOnly = useEditor((state) => state.readOnly !== null);
  const [busy, setBusy] = useState(false);
  // In development saving publishes; only what could not be published then is left to do.
  const me = useMe().data;
  if (readOnly || (unsaved ? me?.env === "dev" : !unpublished)) return null;
  if (me && !me.publishes) return unsaved ? null : <NotYours />;
  const run = async () => {
    setBusy(true);
    try {
      if (!(await saveNow())) return;
      const { id, etag, unpublished: still } = useEditor.getState();
      if (!still) return;
      await publish(id, etag);
      await useEditor.getState().refresh();
      toast({ title: "Published: new runs use this version" });
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon={<Rocket aria-hidden />} busy={busy} onClick={() => void run()}>
      {unsaved ? "Save and publish" : "Publish"}
    </Button>
  );
}
