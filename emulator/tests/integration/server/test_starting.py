"""How it is started and asked whether it is there, how its background work ends, and lists that are copied."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from payloom_emulator.__main__ import main
from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.http import seed_file
from payloom_emulator.protocol.form import decode
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from payloom_emulator.embedded import RunningEmulator

SEED = """
calls:
  - {path: /v1/customers, params: {name: Jenny, email: jenny@example.com}, as: jenny}
  - {path: "/v1/customers/{jenny.id}", params: {description: first}}
"""


def answered(emulator: Emulator, method: str, path: str, query: str = "", status: int = 200) -> dict[str, Any]:
    code, body = emulator.call(method, path, decode(query))
    assert code == status, body
    return body


@pytest.mark.parametrize(("name", "text"), [("seed.yaml", SEED), ("seed.json", None)])
def test_a_seed_file_makes_its_calls(tmp_path: Path, name: str, text: str | None) -> None:
    calls = [{"path": "/v1/customers", "params": {"name": "Jenny", "description": "first"}}]
    (tmp_path / name).write_text(text or json.dumps({"calls": calls}))
    emulator = Emulator()
    seed_file.replay(emulator, tmp_path / name)
    assert [c["description"] for c in answered(emulator, "GET", "/v1/customers")["data"]] == ["first"]


@pytest.mark.parametrize("text", ["{", "{}", '{"calls": [1]}', '{"calls": [{"path": "/v1/nothing"}]}'])
def test_a_seed_file_that_cannot_be_played_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "seed.json").write_text(text)
    with pytest.raises(EmulatorError):
        seed_file.replay(Emulator(), tmp_path / "seed.json")


def test_wait_returns_once_it_answers(stripe_emulator: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> None:
    port = stripe_emulator.url.rsplit(":", 1)[1]
    assert main(["--port", port, "--wait", "5"]) == 0
    assert main(["--port", "9", "--wait", "0"]) == 1
    assert "No local Stripe answered" in capsys.readouterr().err


def test_a_start_loads_no_types_of_objects_and_no_templates() -> None:
    code = "import sys, payloom_emulator.http.app; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    objects = "payloom_emulator.objects"
    assert "payloom_emulator.runtime.registry" in loaded
    assert "jinja2" not in loaded
    assert {name for name in loaded if name.startswith(f"{objects}.")} == {f"{objects}.kinds", f"{objects}.state"}


def test_lists_that_programs_copy() -> None:
    emulator = Emulator()
    for path in ("/v1/tax_codes", "/v1/country_specs", "/v1/reviews"):
        assert answered(emulator, "GET", path)["object"] == "list"
    assert answered(emulator, "GET", "/v1/tax_codes/txcd_99999999")["name"] == "General - Tangible Goods"
    assert answered(emulator, "GET", "/v1/country_specs/DE")["default_currency"] == "eur"
    assert answered(emulator, "GET", "/v1/country_specs/XX", status=404)["error"]["param"] == "country"
    issuing = answered(emulator, "GET", "/v1/issuing/cards", status=501)["error"]
    assert "docs.stripe.com/issuing" in issuing["message"]


def test_a_test_transfer_fills_the_cash_balance() -> None:
    emulator = Emulator()
    customer = answered(emulator, "POST", "/v1/customers")["id"]
    fund = f"/v1/test_helpers/customers/{customer}/fund_cash_balance"
    for amount in (500, 200):
        answered(emulator, "POST", fund, f"amount={amount}&currency=eur&reference=r")
    path = f"/v1/customers/{customer}/cash_balance"
    assert answered(emulator, "GET", path)["available"] == {"eur": 700}
    assert [t["ending_balance"] for t in answered(emulator, "GET", f"{path}_transactions")["data"]] == [700, 500]
    types = {e["type"] for e in answered(emulator, "GET", "/v1/events")["data"]}
    assert {"cash_balance.funds_available", "customer_cash_balance_transaction.created"} <= types


TOO_LONG = [
    ("/v1/customers", "phone={}", 20, "phone"),
    ("/v1/customers", "name={}", 256, "name"),
    ("/v1/customers", "description={}", 5000, "description"),
    (
        "/v1/customers",
        "invoice_settings[custom_fields][0][value]=v&invoice_settings[custom_fields][0][name]={}",
        40,
        "invoice_settings[custom_fields][0][name]",
    ),
    ("/v1/coupons", "percent_off=10&name={}", 40, "name"),
    ("/v1/prices", "currency=usd&unit_amount=100&product_data[name]=n&lookup_key={}", 200, "lookup_key"),
]


@pytest.mark.parametrize(("path", "query", "longest", "param"), TOO_LONG)
def test_a_text_that_is_too_long_is_refused(path: str, query: str, longest: int, param: str) -> None:
    emulator = Emulator()
    answered(emulator, "POST", path, query.format("1" * longest))
    error = answered(emulator, "POST", path, query.format("1" * (longest + 1)), status=400)["error"]
    assert error["param"] == param
    assert error["message"].endswith(f"must be at most {longest} characters")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('email:"ZED@x.co"', ["Zed"]),
        ('metadata["order"]:"42"', ["Zed"]),
        ('name~"ZED" AND metadata["order"]:"42"', ["Zed"]),
        ('-email:"zed@x.co"', ["Ann"]),
        ('email:"nobody" OR name:"ann"', ["Ann"]),
        ('name~"50%_"', []),
    ],
)
def test_a_search_finds_the_same_by_an_index_as_without(query: str, names: list[str]) -> None:
    emulator = Emulator()
    answered(emulator, "POST", "/v1/customers", "name=Ann")
    zed = answered(emulator, "POST", "/v1/customers", "name=Old&metadata[order]=42")["id"]
    answered(emulator, "POST", f"/v1/customers/{zed}", "name=Zed&email=zed@x.co")
    code, body = emulator.call("GET", "/v1/customers/search", {"query": query})
    assert (code, [c["name"] for c in body["data"]]) == (200, names)


def test_a_report_of_the_balance_is_a_file() -> None:
    emulator = Emulator()
    answered(emulator, "POST", "/v1/charges", "amount=2000&currency=usd&source=tok_visa")
    run = answered(emulator, "POST", "/v1/reporting/report_runs", "report_type=balance_change_from_activity.itemized.1")
    assert run["status"] == "pending"
    done = answered(emulator, "GET", f"/v1/reporting/report_runs/{run['id']}")
    assert (done["status"], done["result"]["type"]) == ("succeeded", "csv")
    content = answered(emulator, "GET", f"/v1/files/{done['result']['id']}/contents")["content"]
    assert base64.b64decode(content).decode().splitlines()[1].split(",")[3:6] == ["2000", "88", "1912"]
    types = [e["type"] for e in answered(emulator, "GET", "/v1/events")["data"]]
    assert "reporting.report_run.succeeded" in types


def test_money_that_is_there_at_once_and_an_account_that_leaves_have_their_events() -> None:
    emulator = Emulator()
    answered(emulator, "POST", "/v1/charges", "amount=2000&currency=usd&source=tok_bypassPending")
    answered(emulator, "POST", "/v1/charges", "amount=700&currency=usd&source=tok_visa")
    (event,) = answered(emulator, "GET", "/v1/events", "type=balance.available")["data"]
    assert [side["amount"] for side in event["data"]["object"]["available"]] == [2000 - 88]
    account = answered(emulator, "POST", "/v1/accounts", "type=standard")["id"]
    answered(emulator, "DELETE", f"/v1/accounts/{account}")
    rows = emulator.store.query("SELECT body FROM objects WHERE object = 'event' AND account = ?", (account,))
    (left,) = [row for row in map(json.loads, (body for (body,) in rows)) if row["type"].endswith("deauthorized")]
    assert (left["account"], left["data"]["object"]["object"]) == (account, "application")


@pytest.mark.anyio
@pytest.mark.parametrize("passes", range(6))
@pytest.mark.parametrize("name", ["delivery", "timers"])
async def test_background_work_ends_although_it_is_woken_in_the_same_moment(name: str, passes: int) -> None:
    """passes: of the loop, between the wake-up and the end."""
    emulator = Emulator()
    work = getattr(emulator, name)
    task = asyncio.create_task(work.run())
    await asyncio.sleep(0.05)
    work.wake()
    for _ in range(passes):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task
    assert task.cancelled()
    emulator.store.close()
