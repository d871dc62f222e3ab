import type { CheckAnswer, EditAnswer, Source } from "@/api/editor";
import { beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "@/api/client";
import type { DocumentClient, SaveAnswer } from "./client";
import { storedDrafts } from "./drafts";
import { createEditor } from "./store";

const A = "name: A\nsteps:\n  - log: one\n";
const CLEAN: CheckAnswer = { diagnostics: [], outline: null, lane: null, version: null, syntax_ok: true, ok: true };

/** A file on a server: edits add a line, saving compares the etag. */
class Server implements DocumentClient {
  text = A;
  etag = "1";
  editable = true;
  checks: string[] = [];
  hold: Promise<void> = Promise.resolve();
  /** The status of every answer: 0 when the server is away. */
  down: number | null = null;
  private answers(): void {
    if (this.down !== null) throw new ApiError(this.down, { code: "down", message: "The server doesn't respond." });
  }
  async source(id: string): Promise<Source> {
    return {
      ...CLEAN,
      id,
      path: `workflows/${id}.yaml`,
      text: this.text,
      etag: this.etag,
      editable: this.editable,
      published_version: null,
      changed: false,
    };
  }
  async save(_id: string, text: string, etag: string): Promise<SaveAnswer> {
    this.answers();
    if (etag !== this.etag) return { saved: false, text: this.text, etag: this.etag };
    this.text = text;
    this.etag = String(Number(this.etag) + 1);
    return {
      saved: true,
      etag: this.etag,
      published_version: "v",
      changed: false,
      published: true,
      publish_error: null,
    };
  }
  async check(_id: string, text: string): Promise<CheckAnswer> {
    this.checks.push(text);
    return CLEAN;
  }
  async edit(_id: string, text: string, operations: { value?: unknown }[]): Promise<EditAnswer> {
    await this.hold;
    this.answers();
    if (operations[0]?.value === "bad")
      throw new ApiError(422, { code: "bad_edit", message: "no such place", hint: "look again" });
    return { ...CLEAN, text: `${text}  - log: ${String(operations[0]?.value)}\n`, path: ["steps", 1] };
  }
}

let clock = 1_000_000;
const insert = (value: string) => [{ op: "insert" as const, path: ["steps", 9], value }];

beforeEach(() => {
  localStorage.clear();
  clock = 1_000_000;
});

async function opened(server = new Server()) {
  const editor = createEditor({
    client: server,
    drafts: storedDrafts(localStorage),
    now: () => clock,
    checkAfterMs: 5,
    retryAfterMs: 5,
  });
  await editor.getState().open("a");
  return { server, editor, state: () => editor.getState() };
}

test("an edit is one entry of the history, with what was selected", async () => {
  const { state } = await opened();
  state().select(["steps", 0]);
  expect(await state().apply(insert("two"), "Add a step", ["steps", 1])).toBe(true);
  expect(state().text).toBe(`${A}  - log: two\n`);
  expect(state().selected).toEqual(["steps", 1]);
  state().undo();
  expect([state().text, state().selected]).toEqual([A, ["steps", 0]]);
  state().redo();
  expect(state().text).toBe(`${A}  - log: two\n`);
});

test("edits made at once are done one after another", async () => {
  const { state } = await opened();
  await Promise.all([state().apply(insert("two"), "x"), state().apply(insert("three"), "x")]);
  expect(state().text).toBe(`${A}  - log: two\n  - log: three\n`);
});

test("a refused edit changes nothing and says why", async () => {
  const { state } = await opened();
  expect(await state().apply(insert("bad"), "x")).toBe(false);
  expect(state().text).toBe(A);
  expect(state().editError).toEqual({ message: "no such place", hint: "look again" });
  expect(state().past).toEqual([]);
});

test("an edit whose text was typed over meanwhile is given up: the typing wins", async () => {
  const { server, state } = await opened();
  let release = () => {};
  server.hold = new Promise((done) => (release = done));
  const edit = state().apply(insert("two"), "Add a step");
  await Promise.resolve();
  state().setText(`${A}# typed\n`);
  release();
  expect(await edit).toBe(false);
  expect(state().text).toBe(`${A}# typed\n`);
  expect(state().editError?.message).toContain("the text has changed");
});

test("typing is one entry per pause", async () => {
  const { state } = await opened();
  state().setText(`${A}#`);
  clock += 100;
  state().setText(`${A}# a`);
  clock += 5000;
  state().setText(`${A}# a b`);
  expect(state().past.map((change) => change.text)).toEqual([A, `${A}# a`]);
  state().undo();
  expect(state().text).toBe(`${A}# a`);
});

test("text that does not parse keeps the last document on the canvas", async () => {
  const { state } = await opened();
  state().setText("name: [");
  expect(state().document).toBeNull();
  expect(state().lastParsed?.data["name"]).toBe("A");
  expect(state().syntax?.message).toBeTruthy();
});

test("typed text is checked once it rests, and an answer about older text is dropped", async () => {
  const { server, state } = await opened();
  state().setText(`${A}# a`);
  state().setText(`${A}# ab`);
  expect(state().checked).toBe(false);
  await vi.waitFor(() => expect(state().checked).toBe(true));
  expect(server.checks).toEqual([`${A}# ab`]);
});

test("unsaved text is there again after a reload, and saving forgets the draft", async () => {
  const first = await opened();
  first.state().setText(`${A}# mine\n`);
  const second = await opened();
  expect(second.state().text).toBe(`${A}# mine\n`);
  expect(second.state().restored).toBeTruthy();
  expect(await second.state().save()).toEqual({ kind: "saved" });
  expect(second.server.text).toBe(`${A}# mine\n`);
  expect(localStorage.length).toBe(0);
  expect(await second.state().save()).toEqual({ kind: "unchanged" });
});

test("a text typed back to what is saved is not unsaved", async () => {
  const { state } = await opened();
  state().setText(`${A}#`);
  state().setText(A);
  expect(state().text).toBe(state().savedText);
  expect(localStorage.length).toBe(0);
});

test("a file that changed meanwhile is a conflict, never overwritten; taking the file's text can be undone", async () => {
  const { server, state } = await opened();
  state().setText(`${A}# mine\n`);
  server.text = `${A}# theirs\n`;
  server.etag = "7";
  expect(await state().save()).toEqual({ kind: "conflict" });
  expect(server.text).toBe(`${A}# theirs\n`);
  expect(await state().save()).toEqual({ kind: "conflict" });
  state().resolve("theirs");
  expect([state().text, state().savedText]).toEqual([`${A}# theirs\n`, `${A}# theirs\n`]);
  state().undo();
  expect(state().text).toBe(`${A}# mine\n`);
  expect(await state().save()).toEqual({ kind: "saved" });
});

test("keeping mine writes over the file at the next save only", async () => {
  const { server, state } = await opened();
  state().setText(`${A}# mine\n`);
  server.text = `${A}# theirs\n`;
  server.etag = "7";
  await state().save();
  state().resolve("mine");
  expect(server.text).toBe(`${A}# theirs\n`);
  expect(await state().save()).toEqual({ kind: "saved" });
  expect(server.text).toBe(`${A}# mine\n`);
});

test("a changed file is taken over when nothing is unsaved, and is a conflict otherwise", async () => {
  const { server, state } = await opened();
  server.text = `${A}# theirs\n`;
  server.etag = "2";
  await state().refresh();
  expect([state().text, state().conflict]).toEqual([`${A}# theirs\n`, null]);
  state().setText(`${A}# mine\n`);
  server.text = `${A}# again\n`;
  server.etag = "3";
  await state().refresh();
  expect(state().text).toBe(`${A}# mine\n`);
  expect(state().conflict).toEqual({ text: `${A}# again\n`, etag: "3" });
});

test("a draft whose file changed while nobody looked opens as a conflict with both texts", async () => {
  const first = await opened();
  first.state().setText(`${A}# mine\n`);
  const server = new Server();
  server.text = `${A}# theirs\n`;
  server.etag = "9";
  const { state } = await opened(server);
  expect(state().text).toBe(`${A}# mine\n`);
  expect(state().conflict?.text).toBe(`${A}# theirs\n`);
});

test("a workflow that may not be edited is not, and says why", async () => {
  const server = new Server();
  server.editable = false;
  const { state } = await opened(server);
  state().setText("x: 1");
  expect(await state().apply(insert("two"), "x")).toBe(false);
  expect(state().text).toBe(A);
  expect((await state().save()).kind).toBe("failed");
  expect(state().editError?.message).toContain("does not allow");
});

test.each([0, 401, 429, 502, 503, 504])(
  "edits and a save are kept while the server answers %i, and done later",
  async (down) => {
    const { server, state } = await opened();
    server.down = down;
    expect(await state().apply(insert("two"), "Add two")).toBe(true);
    expect(await state().apply(insert("three"), "Add three")).toBe(true);
    expect(state().away?.message).toBe("The server doesn't respond.");
    expect(await state().save()).toEqual({ kind: "waiting" });
    expect(state().text).toBe(A);
    server.down = null;
    await vi.waitFor(() => expect(server.text).toBe(`${A}  - log: two\n  - log: three\n`));
    await vi.waitFor(() => expect(state().away).toBeNull());
    expect(state().unsent).toEqual([]);
    expect(localStorage.length).toBe(0);
  },
);

test("typed text whose save did not reach the server is saved when it answers", async () => {
  const { server, state } = await opened();
  server.down = 0;
  state().setText(`${A}# mine\n`);
  expect(await state().save()).toEqual({ kind: "waiting" });
  server.down = null;
  await vi.waitFor(() => expect(server.text).toBe(`${A}# mine\n`));
});

test("an edit that the server has not seen is there after a reload, and is sent then", async () => {
  const first = await opened();
  first.server.down = 0;
  await first.state().apply(insert("two"), "Add two");
  first.state().close();
  const second = await opened();
  await vi.waitFor(() => expect(second.state().text).toBe(`${A}  - log: two\n`));
  expect(second.state().restored).toBeTruthy();
});

test("undo takes back what the server has not seen, and discarding drops it", async () => {
  const { server, state } = await opened();
  server.down = 0;
  await state().apply(insert("two"), "Add two");
  await state().apply(insert("three"), "Add three");
  state().undo();
  expect(state().unsent.map(({ label }) => label)).toEqual(["Add two"]);
  state().discardDraft();
  expect([state().unsent, state().away, localStorage.length]).toEqual([[], null, 0]);
  server.down = null;
  await state().sendUnsent();
  expect(state().text).toBe(A);
});

test("an edit that is refused after the server came back is said, and those behind it are done", async () => {
  const { server, state } = await opened();
  server.down = 0;
  await state().apply(insert("bad"), "Bad");
  await state().apply(insert("three"), "Add three");
  server.down = null;
  await vi.waitFor(() => expect(state().text).toBe(`${A}  - log: three\n`));
  expect(state().unsent).toEqual([]);
});
