/** The person's own account, below `/api/auth`: what proves that it is them. */
import { errorOf } from "./client";

export interface Factors {
  app: boolean;
  passkeys: { id: string; name: string; created_at: string; last_used_at: string | null }[];
  recovery_codes: number;
  passkeys_usable: boolean;
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = { accept: "application/json", "content-type": "application/json" };
  const init: RequestInit = { method, headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(`/api/auth${path}`, init);
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw errorOf(response.status, answer);
  return answer as T;
}

export const readFactors = () => call<Factors>("GET", "/second-factor");

export const prove = (proof: { code: string } | { password: string }) => call<object>("POST", "/prove", proof);

/** Prove by a passkey: the browser asks for it. */
export async function proveByPasskey(): Promise<void> {
  // The same file as on the pages for signing in; it is not part of the studio's build.
  const file = "/_payloom/passkeys.js";
  const module = (await import(/* @vite-ignore */ file)) as {
    usePasskey: (options: string, answer: string) => Promise<unknown>;
  };
  await module.usePasskey("/api/auth/prove/passkey", "/api/auth/prove");
}
