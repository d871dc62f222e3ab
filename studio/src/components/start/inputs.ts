/** The input of a workflow as fields of a form: what they are, what they begin with, and what was written in them. Pure. */

interface Property {
  type?: string | undefined;
  format?: string | undefined;
  enum?: string[] | undefined;
  default?: unknown;
  minimum?: number | undefined;
}

export interface InputField {
  name: string;
  kind: "text" | "number" | "choice" | "json";
  choices: string[];
  required: boolean;
  /** The text that it begins with. */
  text: string;
}

const kindOf = (property: Property): InputField["kind"] => {
  if (property.enum || property.type === "boolean") return "choice";
  if (property.type === "integer" || property.type === "number") return "number";
  return property.type === "string" ? "text" : "json";
};

const asText = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** A key that makes a second click no second run: new for each form. */
const isRequestKey = (name: string, property: Property): boolean =>
  property.format === "uuid" && /^(request|idempotency)_(id|key)$/.test(name);

/** The fields of a schema. given: what is known already, by name. */
export function fieldsOf(schema: unknown, given: Readonly<Record<string, string>>, newId: () => string): InputField[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    kind: kindOf(property),
    choices: property.enum ?? (property.type === "boolean" ? ["true", "false"] : []),
    required: required.includes(name),
    text: given[name] ?? (isRequestKey(name, property) ? newId() : asText(property.default)),
  }));
}

/** The required inputs of a schema that what is known fills. */
export const filledBy = (schema: unknown, given: Readonly<Record<string, string>>): string[] =>
  fieldsOf(schema, given, () => "")
    .filter((field) => field.required && Object.hasOwn(given, field.name))
    .map((field) => field.name);

type Read = { inputs: Record<string, unknown> } | { wrong: Record<string, string> };

/** What was written, as the workflow takes it; or what is wrong, by field. An empty text is no input. */
export function read(fields: readonly InputField[], texts: Readonly<Record<string, string>>): Read {
  const inputs: Record<string, unknown> = {};
  const wrong: Record<string, string> = {};
  for (const field of fields) {
    const text = (texts[field.name] ?? field.text).trim();
    if (text === "") {
      if (field.required) wrong[field.name] = "Required";
      continue;
    }
    const value = valueOf(field, text);
    if (value === undefined) wrong[field.name] = field.kind === "number" ? "A number, such as 500." : "JSON.";
    else inputs[field.name] = value;
  }
  return Object.keys(wrong).length > 0 ? { wrong } : { inputs };
}

function valueOf(field: InputField, text: string): unknown {
  if (field.kind === "text") return text;
  if (field.kind === "choice") return text === "true" || text === "false" ? text === "true" : text;
  if (field.kind === "number") {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
