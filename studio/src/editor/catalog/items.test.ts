import { describe, expect, it } from "vitest";
import type { Catalog } from "../assist/assist";
import { actionItem, searched, stepItems, stepOf, titleOf, triggerItems } from "./items";

const entry = (verb: string) => ({
  verb,
  value: "",
  doc: `About ${verb}.`,
  text: "",
  example: "",
  schema: {},
  snippet: { [verb]: "" },
});
const catalog: Catalog = {
  verbs: ["stripe", "select", "if", "switch", "email", "for_each", "wait_for", "raise"].map(entry),
  triggers: [{ kind: "api", doc: "", value: "", text: "An endpoint.", example: "", schema: {} }],
  families: [
    {
      family: "checkout.session",
      label: "On checkout session event",
      actions: ["completed", "expired"],
      stateful: false,
    },
  ],
  tables: [],
  emails: [],
  workflows: [
    {
      name: "ensure-customer",
      title: "Ensure customer",
      doc: null,
      input: { type: "object", properties: { user_id: { type: "string" } }, required: ["user_id"] },
    },
  ],
  functions: [{ name: "shop:price", title: null, doc: "The price.", input: null }],
  errors: [],
  rules: [],
  env: [],
  expressions: [],
};
const refund = actionItem({
  name: "refunds.create",
  label: "Refund Payment",
  aliases: ["Refund Payment", "refund_payment"],
  summary: "Create a refund.",
  writes: true,
  moves_money: true,
});

describe("the catalog", () => {
  const names = (query: string): string[] => searched([...stepItems(catalog), refund], query).map((item) => item.name);

  it("finds by what people call things", () => {
    expect(names("loop")[0]).toBe("for_each");
    expect(names("true false")[0]).toBe("if");
    expect(names("throw")[0]).toBe("raise");
    expect(names("refund payment")[0]).toBe("refunds.create");
    expect(names("refund pay")[0]).toBe("refunds.create");
    expect(names("customer")[0]).toBe("ensure-customer");
    expect(names("zzz")).toEqual([]);
    expect(names("")).toHaveLength(10);
  });

  it("finds a trigger by the full name of its event", () => {
    expect(searched(triggerItems(catalog), "checkout.session.completed")[0]?.name).toBe("checkout.session");
    expect(searched(triggerItems(catalog), "cron")[0]?.name).toBe("schedule");
  });

  it("gives actions without a name for people one", () => {
    expect([titleOf("refunds.list"), titleOf("test_helpers.refunds.expire"), titleOf("tax_ids.create")]).toEqual([
      "List refunds",
      "Expire refund (test helpers)",
      "Create tax id",
    ]);
  });

  it("begins steps with free ids and to-dos in place of what is required", () => {
    const call = stepItems(catalog).find((stepItem) => stepItem.name === "ensure-customer");
    expect(call && stepOf(call, ["ensure_customer"], null)).toEqual({
      id: "ensure_customer_2",
      call: "ensure-customer",
      with: { user_id: "" },
    });
    expect(stepOf(refund, [], { stripe: "refunds.create" })).toEqual({ id: "refund", stripe: "refunds.create" });
    const condition = stepItems(catalog).find((stepItem) => stepItem.name === "if");
    expect(condition && Object.keys(stepOf(condition, [], null) ?? {})).toEqual(["if", "then"]);
  });
});
