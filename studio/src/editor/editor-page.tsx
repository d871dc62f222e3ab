/** One workflow: the canvas, its text, and beside them the step's form, problems, test runs and versions. */
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useRef } from "react";

import { useSearchParams } from "../app/search";
import { useLiveEvents, type LiveEvent } from "../api/live-events";
import { useMay } from "../api/session";
import { ErrorNote, Skeleton, toast, toastError } from "../ui";
import { ApiError } from "../api/client";
import { pathKey, pathOfKey } from "../model/path";
import { AddStep } from "./add-step";
import { ConflictDialog } from "./conflict";
import { flushFields } from "./forms/draft";
import { EditorHeader } from "./header";
import { Notes } from "./notes";
import { RuleHelp } from "./problems/rule-help";
import { OutlineView } from "./outline/outline-view";
import { SidePanel } from "./side-panel";
import { useEditor } from "./store";
import { useTestRun } from "./testrun/state";
import "./editor.css";

const CanvasView = lazy(() => import("./canvas/canvas-view").then((module) => ({ default: module.CanvasView })));
const YamlView = lazy(() => import("./yaml/yaml-view").then((module) => ({ default: module.YamlView })));

export type View = "canvas" | "split" | "yaml" | "list";
const VIEWS: readonly View[] = ["canvas", "split", "yaml", "list"];

const NOT_ALLOWED = "Your role lets you look, not change. An admin can give you the role editor.";

export function EditorPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [search, change] = useSearchParams();
  const view: View = VIEWS.find((one) => one === search["view"]) ?? "canvas";
  const phase = useEditor((state) => state.phase);
  const failure = useEditor((state) => state.failure);
  const may = useMay("editor");

  useEffect(() => {
    useTestRun.getState().reset(id);
    void useEditor.getState().open(id);
    return () => useEditor.getState().close();
  }, [id]);
  useEffect(() => {
    if (phase !== "ready") return;
    // Who looks may be known later than the file: what was forbidden for that reason alone is allowed again.
    if (may) useEditor.setState((state) => ({ readOnly: state.readOnly === NOT_ALLOWED ? null : state.readOnly }));
    else useEditor.setState((state) => ({ readOnly: state.readOnly ?? NOT_ALLOWED }));
  }, [phase, may]);

  useSelectionInAddress(search["step"], change);
  useFileChanges(id);
  useKeys();
  useEditErrorToast();

  const openForm = useCallback(() => {
    change({ panel: undefined });
    // The panel may be drawn only now; its first field takes the keyboard.
    requestAnimationFrame(() => requestAnimationFrame(() => focusForm()));
  }, [change]);

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
  if (phase !== "ready") {
    return (
      <div className="editor-alone">
        <h1 className="hidden-text">{id}</h1>
        <Skeleton />
      </div>
    );
  }
  return (
    <div className="editor">
      <EditorHeader
        view={view}
        onView={(next) => change({ view: next === "canvas" ? undefined : next })}
        panel={search["panel"]}
        onPanel={(panel) => change({ panel })}
      />
      <Notes />
      <div className={`editor-body editor-${view}`}>
        <div className="editor-views">
          <Suspense fallback={<Skeleton />}>
            {(view === "canvas" || view === "split") && (
              <section className="editor-view" aria-label="Canvas">
                <CanvasView onOpen={openForm} />
              </section>
            )}
            {view === "list" && (
              <section className="editor-view" aria-label="Steps as a list">
                <OutlineView onOpen={openForm} />
              </section>
            )}
            {(view === "yaml" || view === "split") && (
              <section className="editor-view editor-view-yaml" aria-label="YAML">
                <YamlView />
              </section>
            )}
          </Suspense>
        </div>
        <SidePanel
          panel={search["panel"]}
          onPanel={(panel) => change({ panel: panel === "step" ? undefined : panel })}
          fromRun={search["from_run"]}
        />
      </div>
      <AddStep onAdded={openForm} />
      <RuleHelp />
      <ConflictDialog />
    </div>
  );
}

const FIELDS = ["", "textarea", "select"]
  .map((tag) => (tag === "" ? "input:not([type=hidden]):not(:disabled)" : `${tag}:not(:disabled)`))
  .concat("[contenteditable=true]");

/** The first field of what is selected; its id comes last, as it is rarely what one comes for. */
function focusForm(tries = 20): void {
  const panel = document.getElementById("editor-form");
  const within = (head: string) => FIELDS.map((field) => `${head}${field}`).join(", ");
  const field =
    panel?.querySelector<HTMLElement>(within(".form-fields ")) ?? panel?.querySelector<HTMLElement>(within(""));
  if (field) field.focus();
  else if (tries > 0) requestAnimationFrame(() => focusForm(tries - 1));
}

/** The selected step is in the address, so that a link or a reload comes back to it. */
function useSelectionInAddress(
  step: string | undefined,
  change: (changes: Record<string, string | undefined>) => void,
): void {
  const selected = useEditor((state) => state.selected);
  const ready = useEditor((state) => state.phase === "ready");
  const written = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (ready && step !== written.current) {
      written.current = step;
      useEditor.getState().select(step === undefined ? null : pathOfKey(step));
    }
  }, [ready, step]);
  useEffect(() => {
    if (!ready) return;
    const now = selected === null ? undefined : pathKey(selected);
    if (now === written.current) return;
    written.current = now;
    change({ step: now });
  }, [ready, selected, change]);
}

/** Notices that the file was changed elsewhere: by a live event, and whenever the page becomes visible. */
function useFileChanges(id: string): void {
  useLiveEvents(
    useCallback(
      (event: LiveEvent) => {
        if (event.kind === "workflow") void useEditor.getState().refresh();
      },
      [id],
    ),
  );
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && void useEditor.getState().refresh();
    document.addEventListener("visibilitychange", look);
    window.addEventListener("focus", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("focus", look);
    };
  }, []);
}

export async function saveNow(): Promise<boolean> {
  // What was typed into a form and not yet taken over belongs to what is saved.
  flushFields();
  const result = await useEditor.getState().save();
  if (result.kind === "failed")
    toast({ tone: "bad", title: result.message, ...(result.hint ? { detail: result.hint } : {}) });
  if (result.kind === "saved") {
    const { publishError, unpublished } = useEditor.getState();
    if (publishError !== null) toast({ tone: "bad", title: "Saved, but not published", detail: publishError });
    else toast({ title: unpublished ? "Saved" : "Saved and published" });
  }
  return result.kind === "saved" || result.kind === "unchanged";
}

function useKeys(): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (!(event.metaKey || event.ctrlKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === "s") {
        event.preventDefault();
        saveNow().catch(toastError);
        return;
      }
      const target = event.target as HTMLElement | null;
      // Fields and the text view have an undo of their own.
      if (target?.closest("input, textarea, select, [contenteditable=true], [role=dialog]")) return;
      if (key === "z") {
        event.preventDefault();
        if (event.shiftKey) useEditor.getState().redo();
        else useEditor.getState().undo();
      } else if (key === "y") {
        event.preventDefault();
        useEditor.getState().redo();
      }
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

/** A refused edit is said once, where every view can see it. */
function useEditErrorToast(): void {
  const editError = useEditor((state) => state.editError);
  useEffect(() => {
    if (editError === null) return;
    toast({ tone: "bad", title: editError.message, ...(editError.hint ? { detail: editError.hint } : {}) });
    useEditor.getState().dismissEditError();
  }, [editError]);
}
