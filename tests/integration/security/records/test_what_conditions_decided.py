"""A run shows what its conditions decided, by which values, and which of them ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support.http_server import RunningServer, event, running_server
from tests.support.processes import payloom_process

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = "on: {stripe: charge, actions: [captured]}\n"
FILES = {
    "by-filter": "steps:\n  - log: seen\n  - filter: object.amount > 1000 && event.livemode == false\n  - log: never\n",
    "by-stop": "steps:\n  - switch: object.status\n    cases:\n      failed: [{log: x}]\n    default: stop\n",
    "by-conditions": """steps:
  - switch:
    cases:
      - {when: object.amount > 900, do: [{log: x}]}
      - {when: object.amount > 800, do: [{log: x}]}
    default: stop
""",
    "by-default": "steps:\n  - switch: object.status\n    cases:\n      failed: [{log: x}]\n    default: [{log: other}]\n",
    "by-case": "steps:\n  - switch: object.status\n    cases:\n      succeeded: [{log: x}]\n    default: stop\n",
    "no-case": "steps:\n  - switch: object.status\n    cases:\n      failed: [{log: x}]\n",
    "in-a-round": (
        "steps:\n  - for_each: '[1, 2, 3]'\n    as: n\n    do:\n      - filter: n < 2\n      - log: ${{ n }}\n"
    ),
    "not-taken": """steps:
  - if: object.amount > 1000
    then: [{log: dear}]
    else: [{log: cheap}]
  - {log: big, when: object.amount >= 500}
  - {log: bigger, when: object.amount > 500}
""",
    "refuses": "steps:\n  - ensure: object.amount > 1000\n    code: too_small\n    message: too small\n",
    "masked": "steps:\n  - filter: object.metadata?.password == 'x' || vars.n == 1\nvars: {n: 2}\n",
    "calls": "steps:\n  - call: callee\n    with: {n: '${{ object.amount }}'}\n  - log: after\n",
}
CALLEE = "name: callee\non: {called: true}\ninput: {n: int}\nsteps:\n  - filter: inputs.n > 1000\n  - return: 1\n"
SECRET = "hunter2hunter3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    files = {f"workflows/{name}.yaml": f"name: {name}\n{HEAD}{steps}" for name, steps in FILES.items()}
    files["workflows/callee.yaml"] = CALLEE
    with running_server(tmp_path_factory.mktemp("decided"), files) as running:
        running.deliver(
            event("charge.captured", "evt_1", id="ch_1", amount=500, status="succeeded", metadata={"password": SECRET})
        )
        yield running


def run_of(server: RunningServer, workflow: str) -> dict[str, Any]:
    runs = {run["workflow"]: run["id"] for run in server.manage("/runs", event="evt_1")["data"]}
    return server.manage(f"/runs/{runs[workflow]}")


def shown(run: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    return [
        (decision["path"], decision["kind"], decision["result"], decision["ended_run"]) for decision in run["decisions"]
    ]


@pytest.mark.parametrize(
    ("workflow", "decisions"),
    [
        ("by-filter", [("1", "filter", "false", True)]),
        ("by-stop", [("0", "switch", "stop", True)]),
        ("by-conditions", [("0", "case", "false", True), ("0", "case", "false", True)]),
        ("by-default", [("0", "switch", "default", False)]),
        ("by-case", [("0", "switch", "cases.succeeded", False)]),
        ("no-case", [("0", "switch", "raise", False)]),
        ("in-a-round", [("0.do[0].0", "filter", "true", False), ("0.do[1].0", "filter", "false", True)]),
        ("not-taken", [("0", "if", "false", False), ("1", "when", "true", False), ("2", "when", "false", False)]),
        ("refuses", [("0", "ensure", "false", False)]),
        ("calls", [("0.call.0", "filter", "false", False)]),
    ],
)
def test_a_run_shows_what_its_conditions_decided(
    server: RunningServer, workflow: str, decisions: list[tuple[str, str, str, bool]]
) -> None:
    assert shown(run_of(server, workflow)) == decisions


def test_a_decision_says_where_it_stands_and_by_which_values(server: RunningServer) -> None:
    run = run_of(server, "by-filter")
    assert (run["status"], run["outcome"]) == ("succeeded", "filtered")
    assert run["decisions"] == [
        {
            "path": "1",
            "kind": "filter",
            "step_id": None,
            "where": "workflows/by-filter.yaml:5:13",
            "expression": "object.amount > 1000 && event.livemode == false",
            "values": {"object.amount": 500, "event.livemode": False},
            "result": "false",
            "ended_run": True,
        }
    ]
    inside = run_of(server, "calls")["decisions"][0]
    assert (inside["where"], inside["values"]) == ("workflows/callee.yaml:5:13", {"inputs.n": 500})


def test_secrets_among_the_values_are_masked(server: RunningServer) -> None:
    run = run_of(server, "masked")
    assert run["decisions"][0]["values"] == {"object.metadata.password": "[redacted]", "vars.n": 2}
    assert SECRET not in str(run)


def test_the_command_line_says_which_filter_ended_the_run(server: RunningServer) -> None:
    run = run_of(server, "by-filter")
    text = payloom_process.run("runs", "show", run["id"], cwd=server.settings.root).stdout
    line = next(line for line in text.splitlines() if " filter " in line)
    assert "object.amount > 1000 && event.livemode == false: false, the run ended here" in line
    assert "(object.amount = 500, event.livemode = false)" in line
    assert line.endswith("workflows/by-filter.yaml:5:13")


def test_a_run_whose_event_is_gone_says_so(server: RunningServer) -> None:
    server.deliver(event("charge.captured", "evt_gone", id="ch_2", amount=500, status="succeeded"))
    runs = {run["workflow"]: run["id"] for run in server.manage("/runs", event="evt_gone")["data"]}
    engine = sa.create_engine(server.settings.database_url)
    with engine.begin() as tx:
        assert tx.execute(sa.text("DELETE FROM payloom_events WHERE id = 'evt_gone'")).rowcount == 1
    engine.dispose()
    run = server.manage(f"/runs/{runs['by-filter']}")
    assert run["decisions"] == []
    assert run["decisions_unknown"] == "the event that started it is no longer stored"
