/** What the forms and the text view ask the server for: words to complete with, help under the cursor, the catalog. */
import { createContext, use } from "react";
import {
  type ActionEntry,
  type CompleteBody,
  complete,
  type Completion,
  getAction,
  getCatalog,
  type Hover,
  hover,
  type HoverBody,
  searchActions,
} from "@/api/editor";
import type { JsonSchema } from "../form-model/schema";

/** The server's entries, with their JSON Schema typed: OpenAPI says only that it is an object. */
type WithSchema<Entry, Name extends keyof Entry> = Omit<Entry, Name> & {
  [Key in Name]: JsonSchema | NullOf<Entry[Key]>;
};
type NullOf<Value> = null extends Value ? null : never;
type ServerCatalog = Awaited<ReturnType<typeof getCatalog>>;

export type VerbEntry = WithSchema<ServerCatalog["verbs"][number], "schema">;
export type TriggerEntry = WithSchema<ServerCatalog["triggers"][number], "schema">;
export type CallableEntry = WithSchema<ServerCatalog["workflows"][number], "input">;
export type ActionDetails = WithSchema<Awaited<ReturnType<typeof getAction>>, "params">;

export type Catalog = Omit<ServerCatalog, "verbs" | "triggers" | "emails" | "workflows" | "functions"> & {
  verbs: VerbEntry[];
  triggers: TriggerEntry[];
  emails: CallableEntry[];
  workflows: CallableEntry[];
  functions: CallableEntry[];
};

export interface Assist {
  complete: (question: CompleteBody, signal?: AbortSignal) => Promise<Completion>;
  hover: (question: HoverBody, signal?: AbortSignal) => Promise<Hover | null>;
  catalog: () => Promise<Catalog>;
  actions: (query: string, signal?: AbortSignal) => Promise<ActionEntry[]>;
  action: (name: string) => Promise<ActionDetails>;
}

export const serverAssist: Assist = {
  complete,
  hover,
  catalog: getCatalog,
  actions: searchActions,
  action: getAction,
};

/** Tests provide a double. */
export const AssistContext = createContext<Assist>(serverAssist);

export function useAssist(): Assist {
  return use(AssistContext);
}
