import { expect, test } from "vitest";
import { stepsOf } from "./graph";
import { flow } from "./test-example";

test("a step says its verb, its target and what matters of the rest", () => {
  const lines = [...stepsOf(flow)].map((step) => `${step.verb} ${step.title} | ${step.detail}`);
  expect(lines).toEqual([
    "switch event.action | ",
    "update orders | set status · where id",
    "if order != null | ",
    "email receipt | to order.email",
    "try  | ",
    "stripe refunds.create | with payment_intent",
    "raise no | Not possible",
    "for_each one in items | ",
    "log one | ",
  ]);
});

test("branches stand in the order of the file, those that are not there yet included", () => {
  const [choice, attempt] = flow.main.steps;
  expect(choice?.branches.map((branch) => [branch.label, branch.exists, branch.word])).toEqual([
    ["succeeded", true, null],
    ["payment_failed", true, null],
    ["otherwise", false, "stop"],
  ]);
  expect(choice?.branches[0]?.steps[1]?.branches.map((branch) => [branch.label, branch.exists])).toEqual([
    ["then", true],
    ["else", false],
  ]);
  expect(attempt?.branches.map((branch) => branch.label)).toEqual(["try", "catch card_declined"]);
});

test("several triggers are told in their own words", () => {
  expect(flow.triggers.map((trigger) => [trigger.title, trigger.detail])).toEqual([
    ["payment_intent", "succeeded, payment_failed"],
    ["started by hand", "auth user"],
  ]);
});
