import { asText } from "@/model/text";
import { useMemo } from "react";
import { isMap, pathKey, type Path } from "@/model/path";
import { Input, Select } from "@/ui";
import { useEditor } from "../../document/store";
import { plain } from "../../assist/doc-text";
import { triggerIcon } from "@/ui/verbs";
import type { Catalog } from "../../assist/assist";
import { useChanges, useEditable, useFindings, useValue } from "../changes";
import { ActionsField } from "../controls/actions";
import { ColumnsList } from "../controls/columns-list";
import { Problem } from "../problem";
import { useDraft } from "../draft";
import { nextRuns } from "../../form-model/cron";
import { fieldOf, type Field, type JsonSchema } from "../../form-model/schema";
import { triggerKindOf, type TriggerKind } from "../../form-model/steps";
import { Picker } from "../picker";
import { Finding, Row } from "../row";
import { ValueField } from "../value-field";

const TITLES: Record<TriggerKind, string> = {
  api: "On a request",
  stripe: "On a Stripe event",
  schedule: "On a schedule",
  manual: "By hand",
  called: "When called",
  table: "On a changed row",
};

/** The form of one trigger. */
export function TriggerSubject({ path, catalog }: { path: Path; catalog: Catalog }) {
  const trigger = useValue(path);
  const kind = triggerKindOf(trigger);
  const own = useFindings(path, false);
  const entry = catalog.triggers.find((one) => one.kind === kind);
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
        {own.map((one, at) => (
          <Finding key={at} finding={one} />
        ))}
      </header>
      <div className="form-fields">
        {kind === "api" ? <Api path={path} map={map} schema={entry?.schema ?? {}} /> : null}
        {kind === "stripe" ? <Stripe path={path} map={map} schema={entry?.schema ?? {}} catalog={catalog} /> : null}
        {kind === "schedule" ? <Schedule path={path} map={map} schema={entry?.schema ?? {}} /> : null}
        {kind === "manual" ? <Auth path={[...path, "auth"]} absent="user (anybody signed in)" /> : null}
        {kind === "called" ? (
          <p className="form-empty">
            Other workflows start it with <code>call</code>. What they pass stands under the workflow's inputs.
          </p>
        ) : null}
        {kind === "table" ? <Table path={path} map={map} schema={entry?.schema ?? {}} catalog={catalog} /> : null}
      </div>
    </>
  );
}

interface Part {
  path: Path;
  map: Record<string, unknown>;
  schema: JsonSchema;
}

function Property({ path, map, schema, name, change }: Part & { name: string; change?: Partial<Field> }) {
  const changes = useChanges();
  const field = {
    ...fieldOf(name, schema.properties?.[name] ?? {}, { required: (schema.required ?? []).includes(name) }),
    ...change,
  };
  const place = [...path, name];
  return (
    <ValueField
      field={field}
      path={place}
      onRemove={
        !field.required && Object.hasOwn(map, name)
          ? () => void changes.remove(place, `Remove ${name}`, path.length)
          : undefined
      }
    />
  );
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

function Api({ path, map, schema }: Part) {
  const changes = useChanges();
  const part = { path, map, schema };
  return (
    <>
      <Endpoint path={[...path, "api"]} />
      <Auth path={[...path, "auth"]} absent={null} />
      <Property
        {...part}
        name="dedupe"
        change={{ kind: "text", schema: { type: "string" }, placeholder: "${{ inputs.request_id }}" }}
      />
      <Property
        {...part}
        name="rate_limit"
        change={{
          kind: "text",
          schema: { type: "string" },
          writing: "plain",
          placeholder: "10/minute",
          doc: "At most so many requests in a time, per caller: 10/minute, 100/1h.",
        }}
      />
      <ColumnsList
        field={{
          ...fieldOf("cors", {}),
          doc: "Origins that may call it from a browser.",
          placeholder: "https://shop.example.com",
        }}
        path={[...path, "cors"]}
        label="Change cors"
        columns={[]}
        order={false}
        onRemove={
          Object.hasOwn(map, "cors")
            ? () => void changes.remove([...path, "cors"], "Remove cors", path.length)
            : undefined
        }
      />
    </>
  );
}

function Endpoint({ path }: { path: Path }) {
  const value = useValue(path);
  const id = useEditor((state) => state.id);
  const changes = useChanges();
  const editable = useEditable();
  const [method = "POST", address = ""] = asText(value ?? "POST /").split(/ (.*)/s);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}`,
    shown: address,
    read: (text) =>
      /^\/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}|\/)*$/.test(text.trim()) && !text.includes("//")
        ? { ok: true, value: `${method} ${text.trim()}` }
        : { ok: false, message: "A path such as /orders/{order_id}/refund." },
    commit: (next) => changes.set(path, next, "Change the endpoint"),
  });
  return (
    <Row
      name="api"
      path={path}
      required
      doc="Method and path. Parts in braces become inputs: /orders/{order_id}/refund."
    >
      {(ids) => (
        <>
          <div className="form-endpoint">
            <Select
              aria-label="Method"
              value={method}
              disabled={!editable}
              onChange={(event) => void changes.set(path, `${event.target.value} ${address}`, "Change the method")}
            >
              {(METHODS.includes(method) ? METHODS : [method, ...METHODS]).map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
            <Input
              mono
              id={ids.id}
              aria-describedby={ids.describedBy}
              aria-invalid={ids.invalid || draft.problem !== null}
              value={draft.text}
              readOnly={!editable}
              onChange={(event) => draft.type(event.target.value)}
              onBlur={draft.leave}
            />
          </div>
          <Problem text={draft.problem} />
        </>
      )}
    </Row>
  );
}

function Auth({ path, absent }: { path: Path; absent: string | null }) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  const roles =
    Array.isArray(value) ||
    (typeof value === "string" && value !== "" && !["none", "optional", "user"].includes(value));
  return (
    <Row name="auth" path={path} required={absent === null} below doc="Who may start it.">
      {(ids) => (
        <>
          <Select
            id={ids.id}
            aria-describedby={ids.describedBy}
            aria-invalid={ids.invalid || undefined}
            disabled={!editable}
            value={roles ? "roles" : typeof value === "string" ? value : ""}
            onChange={(event) => {
              const next = event.target.value;
              if (next === "") void changes.remove(path, "Remove auth");
              else void changes.set(path, next === "roles" ? ["admin"] : next, "Change auth");
            }}
          >
            {absent !== null || value === undefined || value === "" ? (
              <option value="" disabled={absent === null}>
                {absent ?? "Choose …"}
              </option>
            ) : null}
            <option value="user">user: anybody signed in</option>
            <option value="roles">people with a role</option>
            <option value="optional">optional: signed in or not</option>
            <option value="none">none: nobody is checked</option>
          </Select>
          {roles ? (
            <div className="form-nested">
              <ColumnsList
                field={{ ...fieldOf("roles", {}), doc: "" }}
                path={path}
                label="Change roles"
                columns={[]}
                order={false}
              />
            </div>
          ) : null}
        </>
      )}
    </Row>
  );
}

function Stripe({ path, map, schema, catalog }: Part & { catalog: Catalog }) {
  const changes = useChanges();
  const editable = useEditable();
  const part = { path, map, schema };
  const family = catalog.families.find((one) => one.family === map["stripe"]);
  return (
    <>
      <Row
        name="stripe"
        path={[...path, "stripe"]}
        required
        doc={family ? `${family.label}.` : "The family of events."}
      >
        {(ids) => (
          <Picker
            id={ids.id}
            describedBy={ids.describedBy}
            label="event family"
            value={asText(map["stripe"] ?? "")}
            choices={catalog.families.map((one) => ({
              value: one.family,
              words: `${one.label}: ${one.actions.join(", ")}`,
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
      <ActionsField
        path={[...path, "actions"]}
        family={family}
        doc="Only these start a run; all of them when none is chosen."
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
          doc: `Read the object again from Stripe first, so that late events cannot undo newer state. ${family?.stateful ? "On for this family unless turned off." : "Off unless turned on."}`,
        }}
      />
      <Property
        {...part}
        name="queue"
        change={{
          kind: "text",
          schema: { type: "string" },
          placeholder: "${{ object.id }}",
          doc: `One run at a time per value. ${family?.stateful ? "By object for this family unless set otherwise." : ""}`,
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

function Schedule({ path, map, schema }: Part) {
  const line = typeof map["schedule"] === "string" ? map["schedule"] : "";
  const zone = typeof map["timezone"] === "string" ? map["timezone"] : "UTC";
  const part = { path, map, schema };
  return (
    <>
      <Property
        {...part}
        name="schedule"
        change={{
          kind: "text",
          schema: { type: "string" },
          writing: "plain",
          placeholder: "0 3 * * 1",
          doc: "Minute, hour, day of the month, month, day of the week: 0 3 * * 1 is Mondays at three.",
        }}
      />
      <NextRuns line={line} zone={zone} />
      <Property
        {...part}
        name="timezone"
        change={{
          kind: "choice",
          writing: "plain",
          open: true,
          choices: ZONES,
          doc: "Whose clock is meant: Europe/Berlin. UTC when left out.",
        }}
      />
      <Property {...part} name="catch_up" change={{ writing: "plain" }} />
    </>
  );
}

const ZONES: string[] = [
  "UTC",
  ...(typeof Intl.supportedValuesOf === "function"
    ? Intl.supportedValuesOf("timeZone")
    : ["Europe/Berlin", "America/New_York"]),
];

function NextRuns({ line, zone }: { line: string; zone: string }) {
  const runs = useMemo(() => nextRuns(line, zone, new Date(), 3), [line, zone]);
  if (runs === null) return null;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
  } catch {
    return null;
  }
  return (
    <div className="form-next">
      <h3>Next runs</h3>
      {runs.length === 0 ? (
        <p className="form-empty">None in the next eight years.</p>
      ) : (
        <ol>
          {runs.map((run) => (
            <li key={run.getTime()}>
              <time dateTime={run.toISOString()} className="num">
                {format.format(run)}
              </time>{" "}
              <span className="faint">{zone}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Table({ path, map, schema, catalog }: Part & { catalog: Catalog }) {
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
            choices={catalog.tables.map((one) => ({ value: one.name }))}
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
