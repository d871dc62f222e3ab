import type { Path } from "@/model/document/path";
import { fieldOf, type Field, type JsonSchema } from "../../form-model/schema";
import { useChanges } from "../changes";
import { ValueField } from "@/editor/forms/values/value-field";

/** A trigger, as its parts are given it. `map`: its value in the document. */
export interface TriggerPart {
  path: Path;
  map: Record<string, unknown>;
  schema: JsonSchema;
}

/** One field of a trigger, by its schema and what `change` says better. */
export function Property({ path, map, schema, name, change }: TriggerPart & { name: string; change?: Partial<Field> }) {
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
