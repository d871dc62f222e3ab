import type { FamilyEntry } from "@/api/editor";
import { asText } from "@/model/document/text";
import { useChanges, useEditable } from "../changes";
import type { Catalog } from "../../assist/assist";
import { ActionsField } from "../controls/actions";
import { Picker } from "@/editor/forms/values/picker";
import { Row } from "../row";
import { Property, type TriggerPart } from "./trigger-property";

/** The form of a trigger by Stripe's events. */
export function StripeTrigger({ path, map, schema, catalog }: TriggerPart & { catalog: Catalog }) {
  const part = { path, map, schema };
  const family = catalog.families.find((family) => family.family === map["stripe"]);
  return (
    <>
      <FamilyField path={path} map={map} families={catalog.families} />
      <ActionsField
        path={[...path, "actions"]}
        family={family}
        doc="Only these start a run. If none is selected, all of them."
      />
      <Property
        {...part}
        name="match"
        change={{
          writing: "bare",
          kind: "text",
          schema: { type: "string" },
          placeholder: "object.metadata?.order_id != null",
        }}
      />
      <Property
        {...part}
        name="fresh"
        change={{
          kind: "boolean",
          writing: "plain",
          choices: [],
          doc: `Read the object again from Stripe first, so that late events cannot undo newer state. ${family?.stateful ? "On by default for this family." : "Off by default."}`,
        }}
      />
      <Property
        {...part}
        name="queue"
        change={{
          kind: "text",
          schema: { type: "string" },
          placeholder: "${{ object.id }}",
          doc: `One run at a time per value. ${family?.stateful ? "By object by default for this family." : ""}`,
        }}
      />
      <Property {...part} name="account" change={{ kind: "text", schema: { type: "string" }, placeholder: "acct_…" }} />
      <Property
        {...part}
        name="livemode"
        change={{ kind: "boolean", writing: "plain", choices: [], doc: "Only live events, or only test events." }}
      />
    </>
  );
}

type FamilyFieldProps = Pick<TriggerPart, "path" | "map"> & { families: FamilyEntry[] };

function FamilyField({ path, map, families }: FamilyFieldProps) {
  const changes = useChanges();
  const editable = useEditable();
  const family = families.find((entry) => entry.family === map["stripe"]);
  return (
    <Row name="stripe" path={[...path, "stripe"]} required doc={family ? `${family.label}.` : "The family of events."}>
      {(ids) => (
        <Picker
          id={ids.id}
          describedBy={ids.describedBy}
          label="event family"
          value={asText(map["stripe"] ?? "")}
          choices={families.map((family) => ({
            value: family.family,
            words: `${family.label}: ${family.actions.join(", ")}`,
          }))}
          placeholder="Choose a family"
          invalid={ids.invalid}
          disabled={!editable}
          onPick={(next) =>
            void changes.run(
              [
                { op: "set", path: [...path, "stripe"], value: next },
                // Actions of another family would never come.
                ...(Object.hasOwn(map, "actions") ? [{ op: "remove" as const, path: [...path, "actions"] }] : []),
              ],
              "Change the event family",
            )
          }
        />
      )}
    </Row>
  );
}
