import type { ColumnEntry, Operation } from "@/api/editor";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { parse as parseYaml, parseDocument } from "yaml";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "@/model/document/parse";
import { TooltipProvider } from "@/ui";
import { useEditor } from "../document/store";
import { type Assist, AssistContext, type Catalog } from "../assist/assist";
import { StepForm } from "./step-form";

const TEXT = `name: Test
on: {manual: true}
steps:
  - id: order
    select: orders
    where: {id: o1}
  - id: refund
    stripe: refunds.create
    with:
      amount: 500
      reason: duplicate
`;

const verb = (name: string, properties: Record<string, object>, required: string[]) => ({
  verb: name,
  value: "",
  text: "",
  example: "",
  doc: `About ${name}.`,
  snippet: {},
  schema: {
    type: "object",
    properties: { id: { type: "string" }, ...properties, when: { type: ["string", "boolean"] } },
    required,
  },
});

const column = (name: string, type: string, more: Partial<ColumnEntry> = {}): ColumnEntry => ({
  name,
  type,
  enum: null,
  has_default: false,
  nullable: false,
  primary: false,
  references: null,
  unique: false,
  ...more,
});

const catalog: Catalog = {
  verbs: [
    verb(
      "select",
      {
        select: { type: "string" },
        where: { type: "object" },
        one: { anyOf: [{ type: "string", enum: ["required", "optional"] }, { type: "null" }] },
      },
      ["select", "where"],
    ),
    verb("stripe", { stripe: { type: "string" }, with: { type: "object" } }, ["stripe"]),
  ],
  triggers: [],
  families: [],
  emails: [],
  workflows: [],
  functions: [],
  errors: [],
  rules: [],
  env: [],
  expressions: [],
  tables: [
    {
      name: "orders",
      columns: [
        column("id", "uuid", { primary: true }),
        column("status", "string", { enum: ["pending", "paid"] }),
        column("amount", "int"),
      ],
    },
  ],
};

const assist: Assist = {
  complete: async () => ({ from: 0, to: 0, items: [] }),
  hover: async () => null,
  catalog: async () => catalog,
  actions: async () => [],
  action: async (name) => ({
    name,
    label: null,
    aliases: [],
    summary: "Gives money back.",
    writes: true,
    moves_money: true,
    required: [],
    snippet: {},
    fixed: {},
    returns: null,
    docs_url: null,
    params: {
      type: "object",
      properties: {
        amount: { type: "integer", "x-unit": "minor", description: "How much. The rest is told later." },
        reason: { type: "string", enum: ["duplicate", "fraudulent"], "x-open": true },
        metadata: {
          type: "object",
          additionalProperties: { type: ["string", "number"] },
          description: "Keys and values.",
        },
      },
    },
  }),
};

let applied: { operations: Operation[]; label: string }[];

/** The document after the operations the forms use, so that the form sees its own changes. */
function after(text: string, operations: Operation[]): string {
  const document = parseDocument(text);
  for (const operation of operations) {
    if (operation.op === "set") document.setIn(operation.path, document.createNode(operation.value));
    else if (operation.op === "remove") document.deleteIn(operation.path);
    else throw new Error(`not expected here: ${operation.op}`);
  }
  return document.toString();
}

function show(path: (string | number)[] | null): ReturnType<typeof userEvent.setup> {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TooltipProvider>
        <AssistContext value={assist}>
          <StepForm />
        </AssistContext>
      </TooltipProvider>
    </QueryClientProvider>,
  );
  act(() => useEditor.getState().select(path));
  return userEvent.setup();
}

// jsdom lays nothing out; lists that scroll ask for this.
globalThis.ResizeObserver = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
Element.prototype.scrollIntoView = () => undefined;

beforeEach(() => {
  applied = [];
  const write = (text: string) =>
    useEditor.setState({ text, document: parse(text).document, lastParsed: parse(text).document });
  useEditor.setState({
    id: "test",
    phase: "ready",
    readOnly: null,
    selected: null,
    check: null,
    apply: async (operations: Operation[], label: string) => {
      applied.push({ operations, label });
      act(() => write(after(useEditor.getState().text, operations)));
      return true;
    },
  });
  write(TEXT);
});

describe("the form of a Stripe step", () => {
  it("changes one value by one small operation", async () => {
    const user = show(["steps", 1]);
    const amount = await screen.findByRole("textbox", { name: "amount" });
    expect(amount).toHaveValue("500");
    await user.clear(amount);
    await user.type(amount, "750");
    await user.tab();
    await vi.waitFor(() =>
      expect(applied.at(-1)).toEqual({
        operations: [{ op: "set", path: ["steps", 1, "with", "amount"], value: 750 }],
        label: "Change amount",
      }),
    );
    expect(screen.getByRole("textbox", { name: "amount" })).toHaveValue("750");
    expect(screen.getByText(/in minor units: 7.50/)).toBeVisible();
  });

  it("keeps what is no amount in the field, with a message, and out of the file", async () => {
    const user = show(["steps", 1]);
    const amount = await screen.findByRole("textbox", { name: "amount" });
    await user.clear(amount);
    await user.type(amount, "5.00");
    await user.tab();
    expect(amount).toHaveValue("5.00");
    expect(amount).toHaveAttribute("aria-invalid", "true");
    expect(screen.getByText(/whole numbers of minor units/)).toBeVisible();
    expect(parseYaml(useEditor.getState().text)).toHaveProperty("steps.1.with.amount", 500);
  });

  it("shows an undone value, also in the field that has the focus", async () => {
    const user = show(["steps", 1]);
    const amount = await screen.findByRole("textbox", { name: "amount" });
    await user.clear(amount);
    await user.type(amount, "750");
    await vi.waitFor(() => expect(applied.length).toBeGreaterThan(0));
    act(() => useEditor.setState({ text: TEXT, document: parse(TEXT).document }));
    await vi.waitFor(() => expect(amount).toHaveValue("500"));
    expect(amount).toHaveFocus();
  });

  it("finds a parameter by what its documentation says", async () => {
    const user = show(["steps", 1]);
    await user.click(await screen.findByRole("button", { name: "Add parameter" }));
    await user.keyboard("keys val{Enter}");
    await vi.waitFor(() =>
      expect(applied.at(-1)?.operations).toEqual([{ op: "set", path: ["steps", 1, "with", "metadata"], value: {} }]),
    );
  });

  it("takes the empty map away with its last parameter", async () => {
    const user = show(["steps", 1]);
    await user.click(await screen.findByRole("button", { name: "Remove amount" }));
    await user.click(screen.getByRole("button", { name: "Remove reason" }));
    expect(applied.map((change) => change.operations[0]?.path.join("."))).toEqual([
      "steps.1.with.amount",
      "steps.1.with",
    ]);
  });

  it("changes nothing while the text cannot be read", async () => {
    show(["steps", 1]);
    await screen.findByRole("textbox", { name: "amount" });
    act(() => useEditor.setState({ document: null }));
    expect(screen.getByText(/The text has a syntax error. Fix it or undo/)).toBeVisible();
    expect(screen.getByRole("textbox", { name: "amount" })).toHaveAttribute("readonly");
    expect(screen.queryByRole("button", { name: "Add parameter" })).toBeNull();
  });
});

describe("the form of a step on a table", () => {
  it("compares columns with what the table allows", async () => {
    const user = show(["steps", 0]);
    await user.click(await screen.findByRole("button", { name: "Add a condition" }));
    await user.keyboard("status{Enter}");
    await vi.waitFor(() =>
      expect(applied.at(-1)?.operations).toEqual([{ op: "set", path: ["steps", 0, "where", "status"], value: "" }]),
    );
    await user.selectOptions(screen.getByRole("combobox", { name: "How status is compared" }), "is one of");
    await vi.waitFor(() =>
      expect(applied.at(-1)?.operations).toEqual([{ op: "set", path: ["steps", 0, "where", "status"], value: [""] }]),
    );
    const group = screen.getByRole("group", { name: "status" });
    expect(within(group).getAllByRole("option", { name: /pending|paid/ })).toHaveLength(2);
  });

  it("says what is wrong next to what it is about", async () => {
    show(["steps", 0]);
    await screen.findByRole("group", { name: "where" });
    const place = { line: 1, column: 1, offset: 0 };
    act(() =>
      useEditor.setState({
        check: {
          diagnostics: [
            {
              code: "F001",
              severity: "error",
              message: "`orders` has no column `id`",
              hint: "did you mean 'uid'?",
              path: ["steps", 0, "where", "id"],
              start: place,
              end: place,
              step: "0",
              file: "workflows/test.yaml",
              docs: null,
            },
          ],
          outline: null,
          lane: null,
          version: null,
          syntax_ok: true,
          ok: false,
        },
      }),
    );
    const [field] = screen.getAllByRole("textbox", { name: "id" }).slice(-1);
    expect(field).toHaveAttribute("aria-invalid", "true");
    expect(field).toHaveAccessibleDescription(/has no column/);
  });
});
