import { expect, it } from "vitest";
import { isFresh } from "./fresh";

const none = { count: 0, latest: [] };
const empty = {
  ...{ alerts: [], approvals: [], payments: [], rejected: [] },
  ...{ failed_runs: none, parked_runs: none, blocked_runs: none, undelivered_mails: none },
  last_24h: { payments: 0, failed: 0 },
};

it("a project without a payment is fresh, whatever its start did, unless something needs attention", () => {
  expect(isFresh(empty)).toBe(true);
  expect(isFresh({ ...empty, last_24h: { payments: 1, failed: 0 } })).toBe(false);
  expect(isFresh({ ...empty, last_24h: { payments: 0, failed: 1 } })).toBe(false);
  for (const name of ["failed_runs", "parked_runs", "blocked_runs", "undelivered_mails"] as const)
    expect(isFresh({ ...empty, [name]: { count: 1, latest: [] } })).toBe(false);
  for (const name of ["alerts", "approvals", "payments", "rejected"] as const)
    expect(isFresh({ ...empty, [name]: [{}] })).toBe(false);
});
