/** The calls behind the page, and the shapes they answer with. */
import { request } from "../../api/client";

export interface ColumnShape {
  name: string;
  type: string;
  nullable: boolean;
  primary: boolean;
  choices?: string[] | null;
  description?: string | null;
}

export interface TableShape {
  name: string;
  source?: string;
  columns: ColumnShape[];
  filters?: unknown;
}

export type Row = Record<string, unknown>;

export interface RowPage {
  data: Row[];
  next: string | null;
}

export interface Change {
  run_id: string;
  workflow: string;
  path: string;
  at: string;
  verb: string;
}

/** The view of a Stripe resource that takes a search query, by the name of the one that lists. */
export const SEARCH = ".search";

export const isStripe = (table: TableShape): boolean => table.source === "stripe";

const rowsOf = (table: string) => `/tables/${encodeURIComponent(table)}/rows`;

export const tables = {
  list: () => request<{ data: TableShape[] }>("GET", "/tables"),
  rows: (table: string, query: { where?: string | undefined; sort?: string | undefined; cursor?: string | undefined; query?: string | undefined }) => request<RowPage>("GET", rowsOf(table), { query: { ...query, limit: 50 } }),
  insert: (table: string, values: Row) => request<Row>("POST", rowsOf(table), { body: { values } }),
  update: (table: string, id: string, values: Row, old: Row) => request<Row>("PATCH", `${rowsOf(table)}/${encodeURIComponent(id)}`, { body: { values, old } }),
  remove: (table: string, id: string, old: Row) => request<unknown>("DELETE", `${rowsOf(table)}/${encodeURIComponent(id)}`, { body: { old } }),
  history: (table: string, id: string) => request<{ data: Change[] }>("GET", `${rowsOf(table)}/${encodeURIComponent(id)}/history`),
};
