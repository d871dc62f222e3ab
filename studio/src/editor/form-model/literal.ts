/** Converts text typed into a field to its value, and back. Invalid text gives a message. */

import { asText } from "@/model/document/text";
import { couldBe, type Field } from "./schema";

export type Read = { ok: true; value: unknown } | { ok: false; message: string };

/** A value as a field of this kind shows it. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return asText(value);
}

/** The value of `text` in a field. An empty text is a value only in a text field. */
export function read(field: Field, text: string): Read {
  switch (field.kind) {
    case "integer":
      return integer(field, text);
    case "number":
      return number(field, text);
    case "boolean":
      if (text === "true" || text === "false") return { ok: true, value: text === "true" };
      return { ok: false, message: "Choose true or false." };
    case "choice":
      return choice(field, text);
    case "text":
      return plain(field, text);
    default:
      return { ok: true, value: guessed(text) };
  }
}

/** The likely value of a text in a field of any type: `12` a number, `true` a boolean, the rest text. */
export function guessed(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  if (trimmed === "null") return null;
  if (/^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  return text;
}

/** What a new value of a field begins as: its default, or a to-do that the checker flags. No choice makes itself. */
export function emptyOf(field: Field): unknown {
  if (field.default !== undefined && field.default !== null && couldBe(field, field.default)) return field.default;
  switch (field.kind) {
    case "object":
      return Object.fromEntries((field.schema.required ?? []).map((name) => [name, ""]));
    case "map":
      return {};
    case "list":
      return [];
    default:
      return "";
  }
}

function integer(field: Field, text: string): Read {
  const trimmed = text.trim();
  if (trimmed === "") return { ok: false, message: "Enter a whole number." };
  if (/^-?\d+[.,]\d+$/.test(trimmed) && field.unit === "minor") {
    return { ok: false, message: "Amounts are whole numbers of minor units: 21.98 USD is 2198." };
  }
  if (!/^-?\d+$/.test(trimmed)) return { ok: false, message: `“${trimmed}” is not a whole number.` };
  const value = Number(trimmed);
  if (!Number.isSafeInteger(value)) return { ok: false, message: "This number is too large." };
  return inRange(field, value);
}

function number(field: Field, text: string): Read {
  const trimmed = text.trim();
  if (trimmed === "") return { ok: false, message: "Enter a number." };
  if (!/^-?\d+(\.\d+)?$/.test(trimmed))
    return { ok: false, message: `“${trimmed}” is not a number; decimals follow a point.` };
  return inRange(field, Number(trimmed));
}

function inRange(field: Field, value: number): Read {
  if (field.minimum !== null && value < field.minimum) return { ok: false, message: `At least ${field.minimum}.` };
  if (field.maximum !== null && value > field.maximum) return { ok: false, message: `At most ${field.maximum}.` };
  return { ok: true, value };
}

function choice(field: Field, text: string): Read {
  const known = field.choices.find((choice) => String(choice) === text);
  if (known !== undefined) return { ok: true, value: known };
  if (field.open && text !== "") return { ok: true, value: text };
  return { ok: false, message: `One of ${field.choices.map(String).join(", ")}.` };
}

function plain(field: Field, text: string): Read {
  if (field.pattern !== null && text !== "" && !text.includes("${{")) {
    let fits = true;
    try {
      fits = new RegExp(field.pattern).test(text);
    } catch {
      // The server's patterns are not all JavaScript's; it checks them itself.
    }
    if (!fits) return { ok: false, message: PATTERNS[field.pattern] ?? "Invalid format." };
  }
  return { ok: true, value: text };
}

const PATTERNS: Record<string, string> = {
  "^[a-z][a-z0-9_]{0,63}$": "Use lowercase letters, digits, and underscores. Start with a letter.",
  "^(GET|HEAD|POST|PUT|PATCH|DELETE) \\S": "A method and an address: POST https://example.com/hook",
  "^[0-9a-z]+$": "A time such as 30s, 15m, 2h, 14d or 1h30m.",
};
