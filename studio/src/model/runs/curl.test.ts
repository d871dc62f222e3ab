import { expect, test } from "vitest";
import { curl, manage } from "./curl";

test("a body with quotes survives the shell", () => {
  expect(
    curl({ method: "POST", url: "http://127.0.0.1:8000/api/pay", body: { name: "O'Hara", cmd: "$(rm -rf /)" } }),
  ).toBe(
    `curl -sS -X POST 'http://127.0.0.1:8000/api/pay' \\\n  -H 'content-type: application/json' \\\n  -d '{"name":"O'\\''Hara","cmd":"$(rm -rf /)"}'`,
  );
});

test("the admin token is named, not shown", () => {
  expect(manage("http://shop.test", "POST", "/runs/run_1/retry")).toBe(
    `curl -sS -X POST 'http://shop.test/api/_payloom/runs/run_1/retry' \\\n  -H "authorization: Bearer $PAYLOOM_ADMIN_TOKEN"`,
  );
});
