import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "./search-params";

test("search parameters stay plain strings, so an id that looks like a number stays an id", () => {
  expect(parseSearch("?search=1042&status=failed")).toEqual({ search: "1042", status: "failed" });
  expect(stringifySearch({ search: "1042", status: undefined, tab: "" })).toBe("?search=1042");
});
