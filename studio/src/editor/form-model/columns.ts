/** Columns of tables as fields of a form. */
import type { ColumnEntry, TableEntry } from "@/api/editor";
import { fieldOf, type Field, type JsonSchema } from "./schema";

const SCHEMAS: Record<string, JsonSchema> = {
  uuid: { type: "string" },
  string: { type: "string" },
  text: { type: "string" },
  int: { type: "integer" },
  bool: { type: "boolean" },
  number: { type: "number" },
  json: {},
  datetime: { type: "string", format: "date-time" },
  date: { type: "string", format: "date" },
};

export function columnField(table: TableEntry | undefined, name: string): Field {
  const column = table?.columns.find((column) => column.name === name);
  if (column === undefined) return fieldOf(name, {});
  const schema: JsonSchema = {
    ...SCHEMAS[column.type],
    ...(column.type === "int" && /(^|_)amount($|_)/.test(name) ? { "x-unit": "minor" as const } : {}),
    ...(column.enum ? { enum: [...column.enum] } : {}),
    description: describe(column),
  };
  return {
    ...fieldOf(name, schema),
    placeholder: column.type === "datetime" ? "2026-01-31T10:00:00Z" : column.type === "date" ? "2026-01-31" : "",
  };
}

function describe(column: ColumnEntry): string {
  const words = [
    column.primary ? "Primary key." : "",
    !column.nullable && !column.primary ? "Never empty." : "",
    column.has_default ? "Filled in when left out." : "",
  ];
  return words.filter(Boolean).join(" ");
}
