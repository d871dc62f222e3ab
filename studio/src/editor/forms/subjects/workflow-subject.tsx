import { ChevronRight, Plus } from "lucide-react";
import { isMap, type Path } from "@/model/document/path";
import { Button } from "@/ui";
import { useCanvas } from "@/editor/canvas/state/state";
import { useEditor } from "../../document/store";
import { useChanges, useEditable, useFindings, useValue } from "../changes";
import { MapRows } from "@/editor/forms/controls/lists/map-rows";
import { fieldOf } from "../../form-model/schema";
import { triggerKindOf } from "../../form-model/steps";
import { Finding, Row } from "../row";
import { ValueField } from "@/editor/forms/values/value-field";
import { Inputs } from "./inputs";

/** The form of the workflow itself: what it is called, what starts it, what it takes. */
export function WorkflowSubject() {
  const top = useValue([]);
  const map = isMap(top) ? top : {};
  const own = useFindings([], false);
  const changes = useChanges();
  const editable = useEditable();
  return (
    <>
      <header className="form-head">
        <div className="form-head-line">
          <h2>Workflow</h2>
        </div>
        {own.map((problem, at) => (
          <Finding key={at} finding={problem} />
        ))}
      </header>
      <div className="form-fields">
        <ValueField field={fieldOf("name", { type: "string" }, { required: true, writing: "plain" })} path={["name"]} />
        <ValueField
          field={{
            ...fieldOf("description", { type: "string" }, { writing: "plain" }),
            placeholder: "One sentence: what it is for",
          }}
          path={["description"]}
          onRemove={
            "description" in map ? () => void changes.remove(["description"], "Remove the description") : undefined
          }
        />
        <Triggers on={map["on"]} />
        <Inputs path={["input"]} />
        <ValueField
          field={{
            ...fieldOf("once", { type: "string" }),
            doc: "One run per value, for all triggers. A call waits for the run and gets its output.",
            placeholder: "order-${{ inputs.order_id }}",
          }}
          path={["once"]}
          onRemove={"once" in map ? () => void changes.remove(["once"], "Remove once") : undefined}
        />
        <Row name="vars" path={["vars"]} group doc="Variables with their initial values, readable as vars.name.">
          {(ids) => (
            <MapRows
              field={fieldOf("vars", { type: "object" })}
              path={["vars"]}
              value={map["vars"]}
              write={(value) => changes.set(["vars"], value, "Change vars")}
              label="Change vars"
              ids={ids}
              editable={editable}
              keyWord="variable"
            />
          )}
        </Row>
      </div>
    </>
  );
}

function Triggers({ on }: { on: unknown }) {
  const select = useEditor((state) => state.select);
  const changes = useChanges();
  const editable = useEditable();
  const many = Array.isArray(on);
  const list: { path: Path; value: unknown }[] = many
    ? on.map((value: unknown, at) => ({ path: ["on", at], value }))
    : on === undefined
      ? []
      : [{ path: ["on"], value: on }];
  return (
    <Row name="on" path={["on"]} required group doc="What starts a run.">
      {() => (
        <div className="form-list">
          <ul className="form-steps">
            {list.map(({ path, value }, at) => (
              <li key={at}>
                <button type="button" onClick={() => select(path)}>
                  <span className="mono">{triggerTitle(value)}</span>
                  <ChevronRight size={14} aria-hidden />
                </button>
                {many && list.length > 1 && editable ? (
                  <button
                    type="button"
                    className="form-more"
                    onClick={() => void changes.remove(path, "Remove a trigger", 1)}
                  >
                    remove
                  </button>
                ) : null}
              </li>
            ))}
          </ul>
          {editable ? (
            <Button
              size="s"
              kind="quiet"
              icon={<Plus size={14} aria-hidden />}
              onClick={() => useCanvas.setState({ adding: "trigger" })}
            >
              Add a trigger
            </Button>
          ) : null}
        </div>
      )}
    </Row>
  );
}

export function triggerTitle(trigger: unknown): string {
  const kind = triggerKindOf(trigger);
  if (kind === null || !isMap(trigger)) return "a trigger without a kind";
  return kind === "manual" || kind === "called" ? kind : `${kind} ${String(trigger[kind])}`;
}
