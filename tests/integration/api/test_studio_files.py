"""The studio is served with lasting assets and a closed policy, and says how to build it when it is not there."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from payloom.api import studio_files
from payloom.api.http.errors import NoSuchRoute

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "<!doctype html><title>Studio</title>"
SCRIPT = "console.log('hello');" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studio"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path / "secret.txt").write_text("secret")
    return folder


async def get(folder: Path, address: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=studio_files.routes(folder)))
    async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.get(address, headers=named)


@pytest.mark.parametrize("address", ["/studio", "/studio/runs", "/studio/workflows/shop%2Frefund?tab=yaml"])
@pytest.mark.anyio
async def test_every_address_is_the_one_page_under_a_policy_that_lets_nothing_in_from_elsewhere(
    folder: Path, address: str
) -> None:
    page = await get(folder, address)
    assert (page.status_code, page.text) == (200, PAGE)
    assert page.headers["cache-control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert "http" not in page.headers["content-security-policy"]


@pytest.mark.anyio
async def test_hashed_files_are_kept_for_a_year_and_sent_small(folder: Path) -> None:
    script = await get(folder, "/studio/assets/index-abc.js")
    assert script.text == SCRIPT
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    assert int(script.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 6, mtime=0)) < len(SCRIPT)
    plain = await get(folder, "/studio/assets/index-abc.js", accept_encoding="identity")
    assert int(plain.headers["content-length"]) == len(SCRIPT)


@pytest.mark.parametrize(
    "address", ["assets/gone-abc.js", "assets/%2e%2e/%2e%2e/secret.txt", "assets/%00", "assets/" + "a" * 5000]
)
@pytest.mark.anyio
async def test_a_file_that_is_not_there_is_never_the_page_nor_a_file_from_outside(folder: Path, address: str) -> None:
    with pytest.raises(NoSuchRoute):
        await get(folder, f"/studio/{address}")


@pytest.mark.anyio
async def test_without_a_build_the_page_says_which_command_makes_one_and_appears_once_it_is_made(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    (folder / "index.html").unlink()
    missing = await get(folder, "/studio/runs")
    assert missing.status_code == 503
    assert "make studio" in missing.text
    (folder / "index.html").write_text(page)
    assert (await get(folder, "/studio/runs")).status_code == 200
