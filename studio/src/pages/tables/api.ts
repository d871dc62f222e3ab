/** The calls behind the page, and the shapes they answer with. */
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";

export type ColumnShape = components["schemas"]["Column"];
export type TableShape = components["schemas"]["Table"];
export type Row = Record<string, unknown>;

/** The view of a Stripe resource that takes a search query, by the name of the one that lists. */
export const SEARCH = ".search";

export const isStripe = (table: TableShape): boolean => table.source === "stripe";

export interface Question {
  /** JSON as `where` of a `select` step. */
  filter?: string | undefined;
  /** `created_at desc` */
  order_by?: string | undefined;
  cursor?: string | undefined;
  /** Stripe's search language, for search views. */
  query?: string | undefined;
}

/** The question without its empty parts. */
const withoutEmpty = (question: Question): Question =>
  Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined && value !== ""));

export const tables = {
  list: () => take(client.GET("/tables")),
  rows: (name: string, question: Question) =>
    take(
      client.GET("/tables/{name}/rows", {
        params: { path: { name }, query: { ...withoutEmpty(question), limit: 50 } },
      }),
    ),
  row: (name: string, key: string) =>
    take(client.GET("/tables/{name}/rows/{key}", { params: { path: { name, key } } })),
  insert: (name: string, values: Row) =>
    take(client.POST("/tables/{name}/rows", { params: { path: { name } }, body: { values } })),
  update: (name: string, key: string, set: Row, was: Row) =>
    take(client.PATCH("/tables/{name}/rows/{key}", { params: { path: { name, key } }, body: { set, was } })),
  remove: (name: string, key: string, was: Row) =>
    take(client.DELETE("/tables/{name}/rows/{key}", { params: { path: { name, key } }, body: { was } })),
  history: (name: string, key: string) =>
    take(client.GET("/tables/{name}/rows/{key}/history", { params: { path: { name, key } } })),
};
