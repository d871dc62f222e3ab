/** What the editor asks the server: a workflow's source, checks, edits, versions, completion, and test runs. */
import { client, take } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** One change; `src/payloom/api/management/editor/models.py` says what each does. */
export type Operation = Schemas["Operation"];
export type Diagnostic = Schemas["Finding"];
export type CheckAnswer = Schemas["Check"];
/** `path`: where the object of the last operation is now. */
export type EditAnswer = Schemas["Edited"];
/** `changed`: whether publishing would change what new runs use. */
export type Source = Schemas["Source"];
/** `published`: whether the server uses the file now; `publish_error`: why not. */
export type Saved = Schemas["Saved"];
export type Version = Schemas["Version"];
export type Change = Schemas["Change"];
export type Diff = Schemas["Diff"];
export type Published = Schemas["Published"];

/** `from` and `to` are offsets in what was asked about (the text, or the expression), in code points. */
export type Completion = Schemas["Completion"];
export type CompletionItem = Schemas["CompletionItem"];
export type CompleteBody = Schemas["CompleteBody"];
export type Hover = Schemas["Hover"];
export type HoverBody = Schemas["HoverBody"];
export type FamilyEntry = Schemas["FamilyEntry"];
export type TableEntry = Schemas["TableEntry"];
export type ColumnEntry = Schemas["ColumnEntry"];
export type ActionEntry = Schemas["ActionEntry"];

export type TestRunBody = Schemas["TestRunBody"];
export type TestRun = Schemas["TestRun"];
export type TestStart = NonNullable<TestRunBody["trigger"]>;
/** Replaces a step in a test run: its value, or the error that it fails with. */
export type Mock = Schemas["MockBody"];
export type Pins = Schemas["PinsAnswer"];
export type Sample = Schemas["Sample"];
export type DryRun = Schemas["DryRun"];

const workflow = (id: string) => ({ path: { workflow_id: id } });

export const getSource = (id: string) => take(client.GET("/workflows/{workflow_id}/source", { params: workflow(id) }));

export const saveSource = (id: string, text: string, etag: string) =>
  take(client.PUT("/workflows/{workflow_id}/source", { params: workflow(id), body: { text, etag } }));

export const checkText = (id: string, text: string) => take(client.POST("/editor/check", { body: { id, text } }));

export const editText = (id: string, text: string, operations: Operation[]) =>
  take(client.POST("/editor/edit", { body: { id, text, operations } }));

export const publish = (id: string, etag: string | null) =>
  take(client.POST("/workflows/{workflow_id}/publish", { params: workflow(id), body: { etag } }));

export const rollBack = (id: string, version: string, etag: string) =>
  take(client.POST("/workflows/{workflow_id}/rollback", { params: workflow(id), body: { version, etag } }));

export const listVersions = (id: string, signal: AbortSignal) =>
  take(client.GET("/workflows/{workflow_id}/versions", { params: workflow(id), signal }));

export const diffVersions = (id: string, from: string, to: string, signal: AbortSignal) =>
  take(client.GET("/workflows/{workflow_id}/diff", { params: { ...workflow(id), query: { from, to } }, signal }));

export const complete = (body: CompleteBody, signal?: AbortSignal) =>
  take(client.POST("/editor/complete", { body, signal: signal ?? null }));

export const hover = (body: HoverBody, signal?: AbortSignal) =>
  take(client.POST("/editor/hover", { body, signal: signal ?? null }));

export const getCatalog = () => take(client.GET("/editor/catalogue"));

export const searchActions = async (query: string, signal?: AbortSignal): Promise<ActionEntry[]> => {
  const params = query === "" ? {} : { query: { q: query } };
  return (await take(client.GET("/editor/actions", { params, signal: signal ?? null }))).data;
};

export const getAction = (name: string) => take(client.GET("/editor/actions/{name}", { params: { path: { name } } }));

export const testRun = (body: TestRunBody) => take(client.POST("/editor/test-run", { body }));

export const dryRun = (id: string, text: string, limit: number) =>
  take(client.POST("/editor/dry-run", { body: { id, text, limit } }));

export const listSamples = async (id: string, signal?: AbortSignal): Promise<Sample[]> =>
  (await take(client.GET("/editor/samples", { params: { query: { id } }, signal: signal ?? null }))).data;

export const readPins = (id: string) => take(client.GET("/editor/pins/{workflow_id}", { params: workflow(id) }));

export const writePins = (id: string, body: Schemas["Pins"]) =>
  take(client.PUT("/editor/pins/{workflow_id}", { params: workflow(id), body }));
