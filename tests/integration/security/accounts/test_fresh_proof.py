"""What staff must show: a second factor, and for a dangerous change a fresh proof.

A call of the management API that changes something stands in `DANGEROUS` or, with a reason, in `HARMLESS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.accounts.management_operations import management_operations
from tests.support.accounts.members import account_id, make_old, member

from payloom.api.management.access.proof import KEY as PROOF
from payloom.api.management.routes import bulk
from payloom.auth.accounts import set_studio_role
from payloom.runs.bulk.jobs import BULK_KINDS, BulkKind

if TYPE_CHECKING:
    import httpx
    from tests.support.accounts.account_site import AccountSite as Site

API = "/api/_payloom"


def staff_without(site: Site, role: str) -> httpx.Client:
    """Somebody with a role in the studio, and no second factor."""
    email = site.account("verified")
    identity = account_id(site, email)
    site.database(lambda tx: set_studio_role(tx, identity, role))
    return site.sign_in(email)


def test_staff_without_a_factor_open_nothing_where_it_is_required(strict: Site) -> None:
    admin = staff_without(strict, "admin")
    calls = [name for name, operation in management_operations().items() if operation["x-role"] != "anybody"]
    answers = {name: admin.request(*address(name)) for name in calls}
    codes = {name: answer.json()["error"]["code"] for name, answer in answers.items()}
    assert {name: code for name, code in codes.items() if code != "second_factor_missing"} == {}
    assert admin.get("/second-factor").status_code == 200


def address(call: str) -> tuple[str, str]:
    """The method and path of a call, with `x` for each of its parameters."""
    method, _, path = call.partition(" ")
    parts = ["x" if part.startswith("{") else part for part in path.split("/")]
    return method, API + "/".join(parts)


DANGEROUS = {
    "POST /workflows/{workflow_id}/run", "POST /workflows/{workflow_id}/publish",
    "POST /workflows/{workflow_id}/rollback", "POST /runs/{run_id}/fork",
    "POST /tables/{name}/rows", "PATCH /tables/{name}/rows/{key}", "DELETE /tables/{name}/rows/{key}",
    "PUT /accounts/{account_id}/role", "PUT /accounts/{account_id}/roles", "POST /accounts/{account_id}/link",
    "POST /accounts/{account_id}/verify", "POST /accounts/{account_id}/disable",
    "POST /accounts/{account_id}/enable", "DELETE /accounts/{account_id}",
    "DELETE /accounts/{account_id}/second-factor",
}  # fmt: skip
HARMLESS = {
    "POST /bulk": "as each of its items",
    "POST /bulk/plan": "it looks",
    "POST /bulk/{job_id}/resume": "as each of its items",
    "POST /bulk/{job_id}/stop": "it stops",
    "POST /runs/{run_id}/resolve": "a mark",
    "POST /runs/{run_id}/reopen": "a mark",
    "POST /alerts/test": "a message to the operator",
    "POST /session": "it signs in", "DELETE /session": "it signs out",
    "POST /accounts/{account_id}/reset-password": "the mail goes to the owner; the link itself asks for a proof",
    "DELETE /accounts/{account_id}/sessions": "it closes", "DELETE /accounts/{account_id}/sessions/{session}": "it closes",
    "POST /runs/retry": "the same step with the same key", "POST /runs/{run_id}/retry": "the same step with the same key",
    "POST /runs/{run_id}/cancel": "it stops", "POST /runs/{run_id}/decide": "the workflow asked for it",
    "POST /events/catch-up": "Stripe's own events", "POST /events/replay": "Stripe's own events",
    "POST /events/{event_id}/replay": "Stripe's own events", "POST /mails/{mail_id}/resend": "the same mail",
    "POST /local-stripe/control/{name}": "no money", "PUT /workflows/{workflow_id}/source": "a draft; with `publish` it asks",
    "POST /files": "only in development", "PUT /files/{path}": "only in development", "POST /files/preview": "it looks",
    "POST /workflows": "a draft", "DELETE /workflows/{workflow_id}": "a draft",
    "POST /editor/check": "it looks", "POST /editor/complete": "it looks", "POST /editor/edit": "it looks",
    "POST /editor/hover": "it looks", "POST /editor/test-run": "no consequences", "POST /editor/dry-run": "no consequences",
    "PUT /editor/pins/{workflow_id}": "of test runs",
}  # fmt: skip
"""Changes that need no fresh proof, and why."""


def test_every_change_is_dangerous_or_has_a_reason_not_to_be() -> None:
    changes = {name for name in management_operations() if not name.startswith("GET ")}
    assert {name for name, operation in management_operations().items() if operation.get(PROOF)} == DANGEROUS
    assert changes == DANGEROUS | set(HARMLESS)


ONE_BY_ONE: dict[BulkKind, str] = {
    "retry": "POST /runs/{run_id}/retry",
    "rerun": "POST /runs/{run_id}/fork",
    "cancel": "POST /runs/{run_id}/cancel",
    "resolve": "POST /runs/{run_id}/resolve",
    "replay": "POST /events/{event_id}/replay",
    "resend": "POST /mails/{mail_id}/resend",
}
"""The call that does for one item what a bulk action does for many."""


def test_a_bulk_action_needs_the_role_and_the_proof_that_one_of_its_items_needs() -> None:
    operations = management_operations()
    assert sorted(ONE_BY_ONE) == sorted(BULK_KINDS)
    assert {kind: operations[call]["x-role"] for kind, call in ONE_BY_ONE.items()} == bulk.ROLES
    assert {kind for kind, call in ONE_BY_ONE.items() if operations[call].get(PROOF)} == bulk.NEED_PROOF


def test_a_dangerous_change_needs_a_fresh_proof_and_the_admin_token_is_one(strict: Site) -> None:
    admin = member(strict, role="admin")
    make_old(admin, strict)
    save = ("PUT", f"{API}/workflows/order/source", {"text": "x", "etag": "x", "publish": True})
    reset = ("POST", f"{API}/accounts/{admin.id}/reset-password", {"link": True})
    calls = [(*address(name), {}) for name in DANGEROUS]
    for method, path, body in (*calls, save, reset):
        answer = admin.browser.request(method, path, json=body)
        assert answer.json()["error"]["code"] == "proof_needed", (method, path, answer.text)
        with_token = strict.server.http.request(method, path, json=body, headers=strict.server.admin)
        assert with_token.status_code != 403 or with_token.json()["error"]["code"] != "proof_needed", path
    assert admin.browser.get(f"{API}/runs").status_code == 200
    assert admin.browser.post("/api/auth/prove", json={"code": admin.code()}).status_code == 200
    assert (
        admin.browser.post(f"{API}/workflows/order/run", json={}).json().get("error", {}).get("code") != "proof_needed"
    )
