"""The guide to fulfilling once: a sound project, its cases hold, and sixty at once through HTTP get one receipt."""

from __future__ import annotations

import concurrent.futures
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.http_server import RunningServer, event, running_server, write_project

from payloom.project.loader import load_project
from payloom.settings.load import load_settings
from payloom.testing.runner import run_cases

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "fulfill-once.md"
MANY = 20


def files() -> dict[str, str]:
    """Return the guide's files: each block is the file that was named last before it."""
    sources: dict[str, str] = {}
    before = ""
    for text, block in re.findall(r"(.*?)```(?:yaml)?\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL):
        names = re.findall(r"`([\w./-]+\.(?:yaml|mjml\.j2))`", before + text)
        sources[names[-1]] = block
        before += text
    return sources


def test_the_guide_is_a_sound_project(tmp_path: Path) -> None:
    root = write_project(tmp_path, files())
    project = load_project(root, load_settings(root, environ={}, keep=False)).ensure_valid()
    assert sorted(project.workflows) == ["catch-up", "fulfill", "paid", "thanks"]
    assert [str(diagnostic) for diagnostic in project.diagnostics if diagnostic.severity != "advice"] == []


@pytest.mark.anyio
async def test_its_cases_hold_in_every_way(tmp_path: Path) -> None:
    report = await run_cases(write_project(tmp_path, files()))
    assert [
        str(variant.differences) for result in report.results for variant in result.variants if not variant.ok
    ] == []
    assert report.ok
    assert len(report.results) == 2


def test_sixty_at_once_get_one_fulfilment_and_one_receipt(tmp_path: Path, database_url: str) -> None:
    """Through the front door: pages, webhooks, and people who start the catch-up by hand."""
    sources = files()
    whole = sources["workflows/fulfill.yaml"]
    asks = whole[whole.index("  - id: session") : whole.index("  - id: order\n")]
    # Stripe is not asked here; a pause instead, so that all come while it runs.
    sources["workflows/fulfill.yaml"] = whole.replace(asks, "  - wait: 400ms\n").replace(
        "session.id", "inputs.session_id"
    )
    seeded = "    seed: [{id: o1, email: ada@example.com, checkout_session: cs_test_1}]\n"
    sources["tables.yaml"] += seeded
    with (
        running_server(tmp_path, sources, database_url=database_url) as server,
        concurrent.futures.ThreadPoolExecutor(60) as pool,
    ):
        jobs = [pool.submit(caller, server, number) for number in range(MANY) for caller in (page, webhook, by_hand)]
        answers = [job.result(30) for job in jobs]
        pages = [answer for answer in answers if "order" in answer]
        assert pages == [{"order": "o1", "status": "paid"}] * MANY
        runs = server.wait(lambda: over(server))
        [fulfilment] = [run for run in runs if run["workflow"] == "fulfill"]
        assert fulfilment["trigger"] == "call"
        assert {run["status"] for run in runs} == {"succeeded"}
        assert len([run for run in runs if run["workflow"] == "paid"]) == MANY
        assert len(server.manage("/mails")["data"]) == 1
        assert page(server, 0) == {"order": "o1", "status": "paid"}


def page(server: RunningServer, number: int) -> dict[str, Any]:
    """The thanks page asks."""
    answer = server.http.post("/api/thanks", json={"session_id": "cs_test_1"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def webhook(server: RunningServer, number: int) -> dict[str, Any]:
    """Deliver an event as Stripe does."""
    body = event("checkout.session.completed", f"evt_{number}", id="cs_test_1", payment_status="paid")
    assert server.deliver(body).status_code == 200
    return {}


def by_hand(server: RunningServer, number: int) -> dict[str, Any]:
    """Somebody starts the catch-up."""
    answer = server.http.post("/api/_payloom/workflows/catch-up/run", json={"inputs": {}}, headers=server.admin)
    assert answer.status_code in (200, 202), answer.text
    return {}


def over(server: RunningServer) -> list[dict[str, Any]] | None:
    """All runs, once they are over."""
    runs = server.manage("/runs", limit=200)["data"]
    return runs if all(run["finished_at"] for run in runs) else None
