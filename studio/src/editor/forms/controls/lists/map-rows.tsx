import { X } from "lucide-react";
import { isMap, pathKey } from "@/model/document/path";
import { Input } from "@/ui";
import { useEditor } from "@/editor/document/store";
import { AddButton } from "@/editor/forms/added";
import { useChanges } from "@/editor/forms/changes";
import { useDraft } from "@/editor/forms/draft";
import { freeName } from "@/editor/form-model/inputs";
import { type Field, valueOf } from "@/editor/form-model/schema";
import type { ControlProps } from "@/editor/forms/control";
import { ValueField } from "@/editor/forms/values/value-field";
import { Problem } from "@/editor/forms/problem";

/** Keys and values of one's own, such as metadata. */
export function MapRows({
  field,
  path,
  value,
  editable,
  keyWord = "key",
  valueField,
}: ControlProps & { keyWord?: string; valueField?: (key: string) => Field }) {
  const changes = useChanges();
  const map = isMap(value) ? value : {};
  const keys = Object.keys(map);
  const add = (): Promise<boolean> => {
    const key = freeName(keyWord, keys);
    return changes.set([...path, key], "", `Add a ${keyWord} to ${field.name}`);
  };
  return (
    <div className="form-map">
      {keys.map((key) => {
        const place = [...path, key];
        return (
          <div className="form-map-row" key={key}>
            <KeyInput path={place} taken={keys} word={keyWord} editable={editable} />
            <ValueField
              field={{ ...(valueField ? valueField(key) : valueOf(field)), name: key }}
              path={place}
              label={`Change ${key}`}
              bare
            />
            {editable ? (
              <button
                type="button"
                className="form-icon"
                aria-label={`Remove ${key}`}
                title={`Remove ${key}`}
                onClick={() => void changes.remove(place, `Remove ${key}`)}
              >
                <X size={14} aria-hidden />
              </button>
            ) : null}
          </div>
        );
      })}
      {editable ? <AddButton onAdd={add}>Add a {keyWord}</AddButton> : null}
    </div>
  );
}

/** The name of an entry; another name keeps value, place and comments. */
export function KeyInput({
  path,
  taken,
  word,
  editable,
  check,
  ending = "",
}: {
  path: (string | number)[];
  taken: readonly string[];
  word: string;
  editable: boolean;
  check?: (name: string) => string | null;
  ending?: string;
}) {
  const changes = useChanges();
  const id = useEditor((state) => state.id);
  // What belongs to the key but not to the name: the `?` of an optional input.
  const key = String(path[path.length - 1]).slice(0, ending === "" ? undefined : -ending.length);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}#key`,
    shown: key,
    read: (text) => {
      const name = text.trim();
      if (name === "") return { ok: false, message: `A ${word} has a name.` };
      if (name !== key && taken.includes(name)) return { ok: false, message: `“${name}” is there already.` };
      const problem = check?.(name) ?? null;
      return problem === null ? { ok: true, value: name } : { ok: false, message: problem };
    },
    commit: async (name) =>
      name === key
        ? true
        : changes.run([{ op: "rename_key", path, to: `${String(name)}${ending}` }], `Rename ${key} to ${String(name)}`),
  });
  return (
    <div className="form-key">
      <Input
        mono
        aria-label={`Name of ${key}`}
        aria-invalid={draft.problem !== null}
        value={draft.text}
        readOnly={!editable}
        onChange={(event) => draft.hold(event.target.value)}
        onBlur={draft.leave}
        onKeyDown={(event) => {
          if (event.key === "Enter") draft.leave();
        }}
      />
      <Problem text={draft.problem} />
    </div>
  );
}
