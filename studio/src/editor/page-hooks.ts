/** What the editor's page does beside drawing: keys, the address, changes of the file, toasts. */
import { useEffect, useRef } from "react";
import { useLiveEvents, type LiveEvent } from "@/api/live-events";
import { pathKey, pathOfKey } from "@/model/document/path";
import { toast, toastError } from "@/ui";
import { useEditor } from "./document/store";
import { saveNow } from "./save";

const FIELDS = ["", "textarea", "select"]
  .map((tag) => (tag === "" ? "input:not([type=hidden]):not(:disabled)" : `${tag}:not(:disabled)`))
  .concat("[contenteditable=true]");

/** Focus the first field of the selected step. Its id comes last, because users rarely change it. */
export function focusForm(tries = 20): void {
  const panel = document.getElementById("editor-form");
  const within = (head: string) => FIELDS.map((field) => `${head}${field}`).join(", ");
  const field =
    panel?.querySelector<HTMLElement>(within(".form-fields ")) ?? panel?.querySelector<HTMLElement>(within(""));
  if (field) field.focus();
  else if (tries > 0) requestAnimationFrame(() => focusForm(tries - 1));
}

/** The selected step is in the address, so that a link or a reload comes back to it. */
export function useSelectionInAddress(
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

function refreshOnWorkflowEvent(event: LiveEvent): void {
  if (event.kind === "workflow" || event.kind === "file") void useEditor.getState().refresh();
}

/** Notices that the file was changed elsewhere: by a live event, and whenever the page becomes visible. */
export function useFileChanges(): void {
  useLiveEvents(refreshOnWorkflowEvent);
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

export function useDocumentKeys(): void {
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
export function useEditErrorToast(): void {
  const editError = useEditor((state) => state.editError);
  useEffect(() => {
    if (editError === null) return;
    toast({ tone: "bad", title: editError.message, ...(editError.hint ? { detail: editError.hint } : {}) });
    useEditor.getState().dismissEditError();
  }, [editError]);
}
