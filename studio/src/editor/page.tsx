/** One workflow: the canvas, its text, and beside them the step's form, problems, test runs and versions. */
import { usePathParams } from "@/browser/path-params";
import { lazy, Suspense, useCallback, useEffect } from "react";
import { ApiError } from "@/api/client";
import { useMay } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import { Boundary, ErrorNote, Skeleton } from "@/ui";
import { AddStep } from "./add-step";
import { ConflictDialog } from "./conflict";
import { useEditor } from "./document/store";
import { FromRun } from "./from-run";
import { EditorHeader } from "./header";
import { Notes } from "./notes";
import { OutlineView } from "./outline/outline-view";
import { focusForm, useDocumentKeys, useEditErrorToast, useFileChanges, useSelectionInAddress } from "./page-hooks";
import { RuleHelp } from "./problems/rule-help";
import { SidePanel } from "./side-panel";
import { useTestRun } from "./testrun/state";
import { viewOf, type View } from "./view";
import "./editor.css";

const CanvasView = lazy(() => import("./canvas/canvas-view").then((module) => ({ default: module.CanvasView })));
const YamlView = lazy(() => import("./yaml/yaml-view").then((module) => ({ default: module.YamlView })));

const NOT_ALLOWED = "You have view-only access. Ask an admin for the Editor role.";

export function Page() {
  const { id = "" } = usePathParams();
  const [search, change] = useSearchParams();
  const view: View = viewOf(search["view"]);
  const phase = useEditor((state) => state.phase);
  useEffect(() => {
    useTestRun.getState().reset(id);
    void useEditor.getState().open(id);
    return () => useEditor.getState().close();
  }, [id]);
  useRoleLock();
  useSelectionInAddress(search["step"], change);
  useFileChanges();
  useDocumentKeys();
  useEditErrorToast();

  const openForm = useCallback(() => {
    change({ panel: undefined });
    // The panel may be drawn only now; its first field takes the keyboard.
    requestAnimationFrame(() => requestAnimationFrame(() => focusForm()));
  }, [change]);

  if (phase !== "ready") return <NotReady id={id} />;
  return (
    <div className="editor">
      <EditorHeader
        view={view}
        onView={(next) => change({ view: next === "canvas" ? undefined : next })}
        panel={search["panel"]}
        onPanel={(panel) => change({ panel })}
      />
      <Notes />
      {search["from_run"] !== undefined && <FromRun id={search["from_run"]} />}
      <div className={`editor-body editor-${view}`}>
        <div className="editor-views">
          <Boundary name="This view" resetKey={view}>
            <Views view={view} onOpen={openForm} />
          </Boundary>
        </div>
        <Boundary name="This panel" resetKey={search["panel"]}>
          <SidePanel
            panel={search["panel"]}
            onPanel={(panel) => change({ panel: panel === "step" ? undefined : panel })}
            fromRun={search["from_run"]}
          />
        </Boundary>
      </div>
      <AddStep onAdded={openForm} />
      <RuleHelp />
      <ConflictDialog />
    </div>
  );
}

/** Without the role editor the document cannot be changed. */
function useRoleLock(): void {
  const phase = useEditor((state) => state.phase);
  const may = useMay("editor");
  useEffect(() => {
    if (phase !== "ready") return;
    // Who looks may be known later than the file: what was forbidden for that reason alone is allowed again.
    if (may) useEditor.setState((state) => ({ readOnly: state.readOnly === NOT_ALLOWED ? null : state.readOnly }));
    else useEditor.setState((state) => ({ readOnly: state.readOnly ?? NOT_ALLOWED }));
  }, [phase, may]);
}

function Views({ view, onOpen }: { view: View; onOpen: () => void }) {
  return (
    <Suspense fallback={<Skeleton />}>
      {(view === "canvas" || view === "split") && (
        <section className="editor-view" aria-label="Canvas">
          <CanvasView onOpen={onOpen} />
        </section>
      )}
      {view === "list" && (
        <section className="editor-view" aria-label="Steps as a list">
          <OutlineView onOpen={onOpen} />
        </section>
      )}
      {(view === "yaml" || view === "split") && (
        <section className="editor-view editor-view-yaml" aria-label="YAML">
          <YamlView />
        </section>
      )}
    </Suspense>
  );
}

/** The workflow is being loaded, or could not be. */
function NotReady({ id }: { id: string }) {
  const phase = useEditor((state) => state.phase);
  const failure = useEditor((state) => state.failure);
  if (phase === "failed") {
    return (
      <div className="editor-alone">
        <h1>{id}</h1>
        <ErrorNote
          error={new ApiError(0, { code: "load", message: failure?.message ?? "", hint: failure?.hint ?? null })}
          retry={() => void useEditor.getState().open(id)}
        />
      </div>
    );
  }
  return (
    <div className="editor-alone">
      <h1 className="hidden-text">{id}</h1>
      <Skeleton />
    </div>
  );
}
