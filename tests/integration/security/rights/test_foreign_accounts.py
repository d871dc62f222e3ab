"""Events of connected accounts count where the file names them: a stranger's payment pays none of our orders."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import RunningServer, event, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = "tables: {seen: {columns: {id: string primary, by: string, account?: string}}}\n"
TRIGGER = """
name: By NAME
on: {{stripe: payment_intent, actions: [succeeded]{account}}}
steps:
  - insert: seen
    values: {{id: "NAME-${{{{ event.id }}}}", by: NAME, account: "${{{{ event.account }}}}"}}
"""
WAIT = """
name: Wait NAME
on: {{stripe: charge, actions: [succeeded]{own}}}
steps:
  - id: later
    wait_for: {{stripe: refund, actions: [created], match: object.charge == context.object.id{account}}}
  - insert: seen
    values: {{id: "wait-NAME-${{{{ event.id }}}}", by: wait-NAME, account: "${{{{ later?.account }}}}"}}
"""
SELLER, OTHER = "acct_seller", "acct_other"
WHO = {
    "nobody named": "",
    "one": f", account: {SELLER}",
    "any": ", account: '*'",
    "a list": f", account: \"${{{{{{{{ ['{OTHER}', '{SELLER}'] }}}}}}}}\"",
}
COUNTS = {
    "nobody named": {None}, "one": {SELLER}, "any": {SELLER, OTHER, "acct_stranger"}, "a list": {SELLER, OTHER},
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    files = {"tables.yaml": TABLES}
    for name, account in WHO.items():
        short = name.replace(" ", "-")
        files[f"workflows/{short}.yaml"] = TRIGGER.format(
            account=account.replace("{{{{", "{{").replace("}}}}", "}}")
        ).replace("NAME", short)
        files[f"workflows/wait-{short}.yaml"] = WAIT.format(
            own=", account: \"${{ [null, '*'] }}\"", account=account.replace("{{{{", "{{").replace("}}}}", "}}")
        ).replace("NAME", short)
    with running_server(tmp_path_factory.mktemp("accounts"), files) as server:
        yield server


def deliver(server: RunningServer, kind: str, account: str | None, **fields: Any) -> str:
    event_id = f"evt_{uuid.uuid4().hex}"
    body = json.loads(event(kind, event_id, **fields))
    if account is not None:
        body["account"] = account
    assert server.deliver(json.dumps(body).encode()).status_code == 200
    return event_id


def done(server: RunningServer, event_id: str) -> dict[str, Any]:
    def look() -> Any:
        event = server.manage(f"/events/{event_id}")
        runs = [server.manage(f"/runs/{run['id']}") for run in event["runs"]]
        return [event] if all(run["finished_at"] or run["status"] == "waiting" for run in runs) else None

    return server.wait(look)[0]


@pytest.mark.parametrize("account", [None, SELLER, OTHER, "acct_stranger"])
def test_a_trigger_takes_the_own_account_s_events_unless_it_names_others(
    server: RunningServer, account: str | None
) -> None:
    event_id = deliver(server, "payment_intent.succeeded", account, id="pi_1")
    done(server, event_id)
    rows = [row for row in server.rows("seen", limit=200) if row["id"].endswith(event_id)]
    assert {row["by"] for row in rows} == {name.replace(" ", "-") for name in WHO if account in COUNTS[name]}
    assert {row["account"] for row in rows} <= {account}


@pytest.mark.parametrize("began", [None, SELLER])
@pytest.mark.parametrize("account", [None, SELLER, OTHER, "acct_stranger"])
def test_a_wait_takes_the_events_of_the_account_that_began_the_run_unless_it_names_others(
    server: RunningServer, account: str | None, began: str | None
) -> None:
    charge = f"ch_{uuid.uuid4().hex}"
    first = deliver(server, "charge.succeeded", began, id=charge)
    done(server, first)
    deliver(server, "refund.created", account, id="re_1", charge=charge)
    expected = {
        f"wait-{name.replace(' ', '-')}" for name in WHO
        if account in ({began} if name == "nobody named" else COUNTS[name])
    }  # fmt: skip

    def rows() -> set[str]:
        return {row["by"] for row in server.rows("seen", limit=200) if row["id"].endswith(first)}

    server.wait(lambda: rows() >= expected)
    assert rows() == expected
