import { asText } from "@/model/document/text";
import { pathKey, type Path } from "@/model/document/path";
import { Input, Select } from "@/ui";
import { useEditor } from "../../document/store";
import { fieldOf } from "../../form-model/schema";
import { useChanges, useEditable, useValue } from "../changes";
import { ColumnsList } from "@/editor/forms/controls/lists/columns-list";
import { useDraft } from "../draft";
import { Problem } from "../problem";
import { Row } from "../row";
import { Property, type TriggerPart } from "./trigger-property";
import { Auth } from "./trigger-auth";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The form of a trigger by a request. */
export function ApiTrigger({ path, map, schema }: TriggerPart) {
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
          placeholder: "10/m",
          doc: "Maximum number of requests per caller and time: 10/m, 100/h.",
        }}
      />
      <ColumnsList
        field={{
          ...fieldOf("cors", {}),
          doc: "Origins that can call it from a browser.",
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
              {(METHODS.includes(method) ? METHODS : [method, ...METHODS]).map((httpMethod) => (
                <option key={httpMethod}>{httpMethod}</option>
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
