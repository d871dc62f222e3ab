import { Pause } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { pathKey } from "@/model/document/path";
import { ErrorNote, Skeleton } from "@/ui";
import { useEditor } from "../document/store";
import { useCatalog } from "../assist/use-catalog";
import { EditableContext } from "./changes";
import { ControlsContext } from "./control";
import { CONTROLS } from "./controls/registry";
import { flushFields } from "./draft";
import { subjectOf } from "../form-model/steps";
import { StepSubject } from "./subjects/step-subject";
import { TriggerSubject } from "./subjects/trigger-subject";
import { WorkflowSubject } from "./subjects/workflow-subject";
import "./forms.css";

/** The shortcuts of save, undo and redo inside the form. */
function saveOrUndo(event: KeyboardEvent): void {
  const mod = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (mod && key === "s") flushFields();
  if (!mod || (key !== "z" && key !== "y")) return;
  // One history for form, text and canvas: what was typed is a change of its own first.
  flushFields();
  event.preventDefault();
  event.stopPropagation();
  if (key === "y" || event.shiftKey) useEditor.getState().redo();
  else useEditor.getState().undo();
}

/** The form of what is selected: a step, a trigger, or else the workflow itself. */
export function StepForm() {
  const document = useEditor((state) => state.document);
  const lastParsed = useEditor((state) => state.lastParsed);
  const syntax = useEditor((state) => state.syntax);
  const readOnly = useEditor((state) => state.readOnly);
  const selected = useEditor((state) => state.selected);
  const catalog = useCatalog();
  const box = useRef<HTMLDivElement>(null);
  const subject = subjectOf((document ?? lastParsed)?.data, selected);
  const key = `${subject.kind}/${pathKey(subject.path)}`;

  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
  }, [key]);

  if ((document ?? lastParsed) === null) {
    return (
      <div className="form-panel">
        <ErrorNote
          error={
            new Error(
              syntax ? `The text can't be read: ${syntax.message}. Fix it in the text first.` : "There is no text yet.",
            )
          }
        />
      </div>
    );
  }
  if (catalog === undefined)
    return (
      <div className="form-panel">
        <Skeleton />
      </div>
    );
  return (
    <EditableContext value={readOnly === null && document !== null}>
      <div ref={box} className="form-panel" onKeyDownCapture={saveOrUndo}>
        {document === null ? (
          <p className="form-waits" role="status">
            <Pause size={14} aria-hidden /> The text has a syntax error. Fix it or undo to use the form.
          </p>
        ) : null}
        <form key={key} className="form" aria-label="Step" onSubmit={(event) => event.preventDefault()}>
          <ControlsContext value={CONTROLS}>
            {subject.kind === "step" ? <StepSubject path={subject.path} catalog={catalog} /> : null}
            {subject.kind === "trigger" ? <TriggerSubject path={subject.path} catalog={catalog} /> : null}
            {subject.kind === "workflow" ? <WorkflowSubject /> : null}
          </ControlsContext>
        </form>
      </div>
    </EditableContext>
  );
}
