/** A value as text: a text as it is, anything else as JSON writes it, and nothing for undefined. */
export function asText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
