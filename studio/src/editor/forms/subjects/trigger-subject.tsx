import type { TriggerKind } from "@/model/document/language";
import { isMap, type Path } from "@/model/document/path";
import { asText } from "@/model/document/text";
import { triggerIcon } from "@/ui/format/verbs";
import type { Catalog } from "../../assist/assist";
import { plain } from "../../assist/doc-text";
import { triggerKindOf } from "../../form-model/steps";
import { useChanges, useEditable, useFindings, useValue } from "../changes";
import { ActionsField } from "../controls/actions";
import { Picker } from "@/editor/forms/values/picker";
import { Finding, Row } from "../row";
import { ApiTrigger } from "./api-trigger";
import { ScheduleTrigger } from "./schedule-trigger";
import { StripeTrigger } from "./stripe-trigger";
import { Auth } from "./trigger-auth";
import { Property, type TriggerPart } from "./trigger-property";

const TITLES: Record<TriggerKind, string> = {
  api: "On a request",
  stripe: "On a Stripe event",
  schedule: "On a schedule",
  manual: "Manual",
  called: "When called",
  table: "On a changed row",
};

/** The form of one trigger. */
export function TriggerSubject({ path, catalog }: { path: Path; catalog: Catalog }) {
  const trigger = useValue(path);
  const kind = triggerKindOf(trigger);
  const own = useFindings(path, false);
  const entry = catalog.triggers.find((trigger) => trigger.kind === kind);
  const map = isMap(trigger) ? trigger : {};
  const Icon = triggerIcon(kind ?? "");
  return (
    <>
      <header className="form-head">
        <div className="form-head-line">
          <h2>
            <Icon aria-hidden />
            {kind === null ? "A trigger without a kind" : TITLES[kind]}
          </h2>
        </div>
        {entry ? <p className="form-doc">{plain(entry.text || entry.doc)}</p> : null}
        {own.map((problem, at) => (
          <Finding key={at} finding={problem} />
        ))}
      </header>
      <div className="form-fields">
        {kind === "api" ? <ApiTrigger path={path} map={map} schema={entry?.schema ?? {}} /> : null}
        {kind === "stripe" ? (
          <StripeTrigger path={path} map={map} schema={entry?.schema ?? {}} catalog={catalog} />
        ) : null}
        {kind === "schedule" ? <ScheduleTrigger path={path} map={map} schema={entry?.schema ?? {}} /> : null}
        {kind === "manual" ? <Auth path={[...path, "auth"]} absent="user (anyone signed in)" /> : null}
        {kind === "called" ? (
          <p className="form-empty">
            Other workflows start it with <code>call</code>. The workflow's inputs are the arguments.
          </p>
        ) : null}
        {kind === "table" ? (
          <TableTrigger path={path} map={map} schema={entry?.schema ?? {}} catalog={catalog} />
        ) : null}
      </div>
    </>
  );
}

function TableTrigger({ path, map, schema, catalog }: TriggerPart & { catalog: Catalog }) {
  const changes = useChanges();
  const editable = useEditable();
  const on = (Array.isArray(map["on"]) ? map["on"] : [map["on"]]).map(String);
  const place = [...path, "on"];
  return (
    <>
      <Row name="table" path={[...path, "table"]} required doc="A change of one of its rows starts a run.">
        {(ids) => (
          <Picker
            id={ids.id}
            describedBy={ids.describedBy}
            label="table"
            value={asText(map["table"] ?? "")}
            choices={catalog.tables.map((table) => ({ value: table.name }))}
            placeholder="Choose a table"
            invalid={ids.invalid}
            disabled={!editable}
            onPick={(next) => void changes.set([...path, "table"], next, "Change the table")}
          />
        )}
      </Row>
      <ActionsField
        path={place}
        family={{ family: "", label: "", actions: ["insert", "update", "delete"], stateful: false }}
        doc={on.length === 0 ? "Which changes." : "Which changes start a run."}
      />
      <Property
        path={path}
        map={map}
        schema={schema}
        name="match"
        change={{ writing: "bare", kind: "text", schema: { type: "string" }, placeholder: "row.status == 'paid'" }}
      />
    </>
  );
}
