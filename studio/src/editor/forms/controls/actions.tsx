import type { FamilyEntry } from "@/api/editor";
import { Checkbox } from "@/ui";
import type { Path } from "@/model/document/path";
import { useChanges, useEditable, useValue } from "../changes";
import { Row } from "../row";
import { Picker } from "@/editor/forms/values/picker";

/** Which actions of an event family are meant. */
export function ActionsField({ path, family, doc }: { path: Path; family: FamilyEntry | undefined; doc: string }) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  const chosen = (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]).map(String);
  const known = family?.actions ?? [];
  const offered = [...known, ...chosen.filter((name) => !known.includes(name))];
  const write = (next: string[]): void => {
    if (next.length === 0) void changes.remove(path, "All actions", path.length - 1);
    else void changes.set(path, next, "Change actions");
  };
  return (
    <Row
      name="actions"
      path={path}
      doc={doc}
      group
      below
      onRemove={chosen.length > 0 ? () => write([]) : undefined}
      type={chosen.length === 0 ? "all" : `${chosen.length} of ${known.length}`}
    >
      {() =>
        known.length > 24 ? (
          <Picker
            label="action"
            value=""
            choices={known.filter((entry) => !chosen.includes(entry)).map((entry) => ({ value: entry }))}
            placeholder="Add an action"
            disabled={!editable}
            onPick={(action) => write([...chosen, action])}
          />
        ) : (
          <div className={offered.some((entry) => entry.length > 19) ? "form-checks form-checks-long" : "form-checks"}>
            {offered.map((entry) => (
              <Checkbox
                key={entry}
                label={entry}
                checked={chosen.includes(entry)}
                disabled={!editable}
                onChange={(on) =>
                  write(
                    on
                      ? offered.filter((name) => name === entry || chosen.includes(name))
                      : chosen.filter((name) => name !== entry),
                  )
                }
              />
            ))}
          </div>
        )
      }
    </Row>
  );
}
