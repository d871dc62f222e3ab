/** What the forms and the text view ask the server for: words to complete with, help under the cursor, the catalog. */
import { createContext, use } from "react";
import { request } from "@/api/client";
import type { Path } from "@/model/path";
import type { JsonSchema } from "../form-model/schema";

export interface CompletionItem {
  label: string;
  kind: string;
  type?: string | null;
  detail?: string | null;
  doc?: string | null;
  insert?: string | null;
}

export interface Completion {
  /** Offsets in what was asked about (the text, or the expression), in code points. */
  from: number;
  to: number;
  items: CompletionItem[];
}

export interface Hover {
  from?: number | null;
  to?: number | null;
  title?: string | null;
  type?: string | null;
  doc?: string | null;
  link?: string | null;
}

export interface CompleteQuestion {
  id: string;
  text: string;
  /** In the whole text. */
  offset?: number;
  /** A field of the document; with `expression` and `cursor`, what is being typed there. */
  path?: Path;
  expression?: string;
  cursor?: number;
}

export interface VerbEntry {
  verb: string;
  doc: string;
  value?: string | null;
  text?: string | null;
  example?: string | null;
  schema: JsonSchema;
  /** A step to start from. */
  snippet: Record<string, unknown>;
}

export interface FamilyEntry {
  family: string;
  label: string;
  actions: string[];
  stateful: boolean;
}

export interface TriggerEntry {
  kind: string;
  doc: string;
  text?: string | null;
  example?: string | null;
  schema: JsonSchema;
}

export interface ColumnEntry {
  name: string;
  type: string;
  nullable?: boolean;
  primary?: boolean;
  has_default?: boolean;
  enum?: string[] | null;
}

export interface TableEntry {
  name: string;
  columns: ColumnEntry[];
}

export interface CallableEntry {
  name: string;
  title?: string | null;
  doc?: string | null;
  /** JSON Schema of its arguments, when known. */
  input?: JsonSchema | null;
}

export interface Catalog {
  verbs: VerbEntry[];
  triggers: TriggerEntry[];
  families: FamilyEntry[];
  tables: TableEntry[];
  emails: CallableEntry[];
  workflows: CallableEntry[];
  functions: CallableEntry[];
  errors: { kind: string; doc: string }[];
  rules: {
    code: string;
    severity: "error" | "warning" | "advice";
    title: string;
    why: string;
    wrong: string;
    right: string;
  }[];
  env: string[];
}

export interface ActionEntry {
  name: string;
  summary: string;
  label: string | null;
  aliases: string[];
  writes: boolean;
  moves_money: boolean;
}

export interface ActionDetails extends ActionEntry {
  params: JsonSchema;
  required: string[];
  docs_url?: string | null;
  fixed?: Record<string, unknown>;
  /** A step to start from. */
  snippet: Record<string, unknown>;
}

export interface Assist {
  complete(question: CompleteQuestion, signal?: AbortSignal): Promise<Completion>;
  hover(question: { id: string; text: string; offset: number }, signal?: AbortSignal): Promise<Hover | null>;
  catalog(): Promise<Catalog>;
  actions(query: string, signal?: AbortSignal): Promise<ActionEntry[]>;
  action(name: string): Promise<ActionDetails>;
}

export const serverAssist: Assist = {
  complete: (question, signal) =>
    request<Completion>("POST", "/editor/complete", { body: question, ...(signal ? { signal } : {}) }),
  hover: (question, signal) =>
    request<Hover | null>("POST", "/editor/hover", { body: question, ...(signal ? { signal } : {}) }),
  catalog: () => request<Catalog>("GET", "/editor/catalogue"),
  actions: async (query, signal) => {
    const answer = await request<{ data: ActionEntry[] }>("GET", "/editor/actions", {
      query: { q: query },
      ...(signal ? { signal } : {}),
    });
    return answer.data;
  },
  action: (name) => request<ActionDetails>("GET", `/editor/actions/${encodeURIComponent(name)}`),
};

/** Tests give a twin. */
export const AssistContext = createContext<Assist>(serverAssist);

export function useAssist(): Assist {
  return use(AssistContext);
}
