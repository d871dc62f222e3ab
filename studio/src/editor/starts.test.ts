import { expect, test } from "vitest";

import { parse } from "../model/parse";
import { idOf, idTrouble, STARTS, startText } from "./starts";

test.each(STARTS.map((one) => [one.key, one] as const))("a workflow that begins with %s parses, whatever it is called", (_, start) => {
  for (const name of ["Refund an order", "Order: paid? #1", "‘Ünsere’ \"Kasse\""]) {
    const { document, problem } = parse(startText(start, "shop/refund-an-order", name));
    expect(problem).toBeNull();
    expect(document?.data["name"]).toBe(name);
    expect(document?.data["steps"]).toHaveLength(1);
  }
});

test("a name gives the file's name", () => {
  expect(idOf("Refund an order!")).toBe("refund-an-order");
  expect(idOf("3 Äpfel")).toBe("apfel");
});

test.each([
  ["refund", null],
  ["shop/refund_2", null],
  ["Refund", "Small letters"],
  ["../x", "Small letters"],
  ["taken", "already"],
  ["new", "the page you are on"],
])("says what is wrong with %s as a file's name", (id, wrong) => {
  const said = idTrouble(id, ["taken"]);
  if (wrong === null) expect(said).toBeNull();
  else expect(said).toContain(wrong);
});
