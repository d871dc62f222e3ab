import { asText } from "@/model/document/text";
import type { FamilyEntry } from "@/api/editor";
import { isMap, type Path } from "@/model/document/path";
import { useChanges, useEditable, useValue } from "../changes";
import { fieldOf } from "../../form-model/schema";
import { Picker } from "@/editor/forms/values/picker";
import { Row } from "../row";
import { ValueField } from "@/editor/forms/values/value-field";
import { ActionsField } from "./actions";

/** The event a `wait_for` waits for. */
export function WaitedEvent({ path, families }: { path: Path; families: FamilyEntry[] }) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  const map = isMap(value) ? value : {};
  const family = families.find((family) => family.family === map["stripe"]);
  return (
    <div className="form-fields">
      <Row name="stripe" path={[...path, "stripe"]} required doc="The family of the event.">
        {(ids) => (
          <Picker
            id={ids.id}
            describedBy={ids.describedBy}
            label="event family"
            value={asText(map["stripe"] ?? "")}
            choices={families.map((family) => ({ value: family.family, words: family.label }))}
            placeholder="Choose a family"
            disabled={!editable}
            invalid={ids.invalid}
            onPick={(next) => void changes.set([...path, "stripe"], next, "Change the event")}
          />
        )}
      </Row>
      <ActionsField path={[...path, "actions"]} family={family} doc="Only these. If none is selected, all of them." />
      <ValueField
        field={{
          ...fieldOf("match", { type: "string" }, { writing: "bare" }),
          doc: "Only an event for which this is true. `event` and `object` are those of the awaited event.",
          placeholder: "object.metadata.order_id == order.id",
        }}
        path={[...path, "match"]}
        onRemove={"match" in map ? () => void changes.remove([...path, "match"], "Remove match") : undefined}
      />
      <ValueField
        field={{
          ...fieldOf("timeout", { type: "string" }),
          doc: "How long to wait. After that, the value is null.",
          placeholder: "1h",
        }}
        path={[...path, "timeout"]}
        onRemove={"timeout" in map ? () => void changes.remove([...path, "timeout"], "Remove timeout") : undefined}
      />
    </div>
  );
}
