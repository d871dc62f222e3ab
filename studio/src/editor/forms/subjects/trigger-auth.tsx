import type { Path } from "@/model/document/path";
import { Select } from "@/ui";
import { fieldOf } from "../../form-model/schema";
import { useChanges, useEditable, useValue } from "../changes";
import { ColumnsList } from "@/editor/forms/controls/lists/columns-list";
import { Row } from "../row";

/** What each value means for callers. */
const DOCS: Record<string, string> = {
  user: "Who can start it. Guests are refused: a Pay button for guests needs `optional`.",
  optional: "Who can start it. Guests can; `user` is null for them.",
  none: "Who can start it. Anyone can, and `user` is null. Set a `rate_limit`.",
};

/** Who can start the workflow. `absent`: the default; null when a value is required. */
export function Auth({ path, absent }: { path: Path; absent: string | null }) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  const roles =
    Array.isArray(value) ||
    (typeof value === "string" && value !== "" && !["none", "optional", "user"].includes(value));
  return (
    <Row
      name="auth"
      path={path}
      required={absent === null}
      below
      doc={DOCS[typeof value === "string" ? value : ""] ?? "Who can start it."}
    >
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
            <option value="user">user: anyone signed in</option>
            <option value="roles">people with a role</option>
            <option value="optional">optional: anyone, signed in or not</option>
            <option value="none">none: anyone, accounts are ignored</option>
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
