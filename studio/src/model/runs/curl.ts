/** Requests as commands for a terminal. Secrets are names of environment variables, never values. */

export interface Command {
  method: string;
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** Quoted for a POSIX shell: nothing inside single quotes is special but the quote itself. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function curl({ method, url, body, headers = {} }: Command): string {
  const lines = [`curl -sS -X ${method} ${quoted(url)}`];
  for (const [name, value] of Object.entries(headers)) {
    // A value that names a variable needs double quotes so that the shell fills it in.
    lines.push(`-H ${/\$[A-Z_]+/.test(value) ? `"${name}: ${value}"` : quoted(`${name}: ${value}`)}`);
  }
  if (body !== undefined) {
    lines.push(`-H ${quoted("content-type: application/json")}`, `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}

/** A call of the management API, with the admin token from the environment. */
export function manage(site: string, method: string, path: string, body?: unknown): string {
  return curl({
    method,
    url: `${site}/api/_payloom${path}`,
    body,
    headers: { authorization: "Bearer $PAYLOOM_ADMIN_TOKEN" },
  });
}
