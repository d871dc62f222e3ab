/** The management API, typed from its OpenAPI document. Every failure is an ApiError with a message and a hint. */
import createClient from "openapi-fetch";
import type { paths } from "./schema";

export const PREFIX = "/api/_payloom";

export interface ErrorBody {
  code: string;
  message: string;
  hint?: string | null;
  where?: unknown;
  data?: unknown;
  request_id?: string;
}

export class ApiError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  readonly status: number;
  readonly body: ErrorBody;
  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code;
    this.hint = body.hint ?? undefined;
    this.requestId = body.request_id;
    this.body = body;
  }
}

/** The code of the answer to a request whose session has ended, or that never had one. */
const SIGNED_OUT = "not_signed_in";

let watchAnswer: (ended: boolean) => void = () => undefined;

/** Set what is told of every answer whether the session has ended. */
export function setSessionWatcher(watcher: (ended: boolean) => void): void {
  watchAnswer = watcher;
}

/** Turn whatever came back into an ApiError. */
export function errorOf(status: number, body: unknown): ApiError {
  if (body && typeof body === "object" && "error" in body) {
    const error = body.error;
    if (error && typeof error === "object" && "message" in error) {
      const known = error as ErrorBody;
      return new ApiError(
        status,
        known.code === SIGNED_OUT ? { ...known, message: "Your session has ended.", hint: "Sign in again." } : known,
      );
    }
  }
  return new ApiError(status, {
    code: "unexpected_answer",
    message: `The server answered ${status} with a response that the studio can't read.`,
    hint: "Check the server's log, and reload this page if the server was updated.",
  });
}

let prove: () => Promise<boolean> = () => Promise.resolve(false);

/** Set what asks the person for a fresh proof; a call that needs one is repeated after it. */
export function setProver(ask: () => Promise<boolean>): void {
  prove = ask;
}

async function codeOf(response: Response): Promise<string> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return errorOf(response.status, body).code;
}

const needsProof = async (response: Response): Promise<boolean> =>
  response.status === 403 && (await codeOf(response)) === "proof_needed";

async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await sendOnce(request);
  return (await needsProof(response)) && (await prove()) ? sendOnce(again) : response;
}

async function sendOnce(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) watchAnswer(false);
    else if (response.status === 401) watchAnswer((await codeOf(response)) === SIGNED_OUT);
    return response;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, {
      code: "server_unreachable",
      message: "Can't reach the server.",
      hint: "Is payloom dev still running?",
    });
  }
}

/** `client.GET("/runs/{run_id}", {params: {path: {run_id}}})`; wrap the call in `take` to get the data or an ApiError. */
export const client = createClient<paths>({
  baseUrl: new URL(PREFIX, window.location.origin).href,
  fetch: send,
});

/** Await a call of `client` and return its data; throws ApiError. */
export async function take<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (error !== undefined || !response.ok) throw errorOf(response.status, error);
  return data as T;
}

type Query = Record<string, string | number | boolean | null | undefined>;

/** An untyped call, for places whose path is only known as text. Prefer `take(client.…)`. */
export async function request<T>(
  method: string,
  path: string,
  options: { query?: Query; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const url = new URL(PREFIX + path, window.location.origin);
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(key, String(value));
  }
  const headers: Record<string, string> = { accept: "application/json" };
  const init: RequestInit = { method, headers };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    headers["content-type"] = "application/json";
  }
  const response = await send(new Request(url, init));
  const text = await response.text();
  let body: unknown;
  try {
    body = text ? JSON.parse(text) : undefined;
  } catch {
    body = undefined;
  }
  if (!response.ok) throw errorOf(response.status, body);
  return body as T;
}
