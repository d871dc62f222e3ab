/** What an error says. Errors of the management API also have a hint and the id of the request. */
export interface ErrorDetails {
  message: string;
  hint: string | undefined;
  requestId: string | undefined;
}

export function errorDetails(error: unknown): ErrorDetails {
  if (!(error instanceof Error)) return { message: String(error), hint: undefined, requestId: undefined };
  return { message: error.message, hint: textOf(error, "hint"), requestId: textOf(error, "requestId") };
}

function textOf(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
