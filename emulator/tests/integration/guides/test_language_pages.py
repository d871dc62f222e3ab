"""The pages of the guide, one per language: what they show is run where the language is there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from ruamel.yaml import YAML
from tests.support.packages.node_packages import Packages, node

from payloom_emulator.http import seed_file
from payloom_emulator.options import parser
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from payloom_emulator.embedded import RunningEmulator

ROOT = Path(__file__).parents[4]
PAGES = ROOT / "docs" / "guides" / "local-stripe"
CONTAINER = ROOT / "emulator" / "container"
NODE = Path(__file__).parents[1] / "server" / "node"
LANGUAGES = ("python", "node", "ruby", "php", "go", "java", "dotnet")
ADDRESS = "http://127.0.0.1:12111"


def blocks(page: str, language: str, url: str) -> list[str]:
    """Return the code of a page, led to a local Stripe that runs."""
    text = (PAGES / f"{page}.md").read_text("utf-8")
    port = url.rsplit(":", 1)[1]
    return [code.replace("12111", port) for code in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


def test_each_language_has_a_page_that_says_the_same() -> None:
    index = (PAGES / "index.md").read_text("utf-8")
    for page in (*LANGUAGES, "curl", "stripe-cli", "ci", "containers"):
        assert f"({page}.md)" in index, page
    for language in LANGUAGES:
        text = (PAGES / f"{language}.md").read_text("utf-8")
        for words in (
            ADDRESS[7:-6],
            "sk_test_123",
            "pm_card_visa",
            "whsec_local_payloom_emulator",
            "32d",
            "--webhook-url",
        ):
            assert words in text, f"{language}: {words}"


def test_the_python_page_runs(stripe_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "api_key", None)
    monkeypatch.setattr(stripe, "api_base", stripe.api_base)
    names: dict[str, Any] = {}
    for code in blocks("python", "python", stripe_emulator.url):
        exec(code, names)
    names["test_a_customer_is_charged_again_after_a_month"](stripe_emulator)


def test_the_node_page_runs(stripe_emulator: RunningEmulator) -> None:
    Packages(NODE).install()
    code = "\n".join(blocks("node", "js", stripe_emulator.url))
    script = NODE / "page.mjs"
    script.write_text(code, "utf-8")
    try:
        done = subprocess.run([node(), script.name], cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
    finally:
        script.unlink()
    assert (done.returncode, done.stdout) == (0, "succeeded\n"), done.stderr


def test_the_curl_page_runs(stripe_emulator: RunningEmulator) -> None:
    script = "set -e\n" + "\n".join(blocks("curl", "sh", stripe_emulator.url)).replace(
        "curl ", "curl -sS --fail-with-body "
    )
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"succeeded"' in done.stdout
    assert done.stdout.endswith('{"reset":true}')


def test_the_seed_file_of_the_index_can_be_played(tmp_path: Path) -> None:
    (code,) = blocks("index", "yaml", ADDRESS)
    emulator = Emulator()
    for call in YAML(typ="safe", pure=True).load(code)["calls"]:
        assert set(call) <= {"method", "path", "params", "as"}
    (tmp_path / "seed.yaml").write_text(code)
    seed_file.replay(emulator, tmp_path / "seed.yaml")
    _, body = emulator.call("GET", "/v1/subscriptions")
    assert [row["status"] for row in body["data"]] == ["active"]


def test_every_option_and_command_in_pages_and_container_files_exists() -> None:
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", parser().format_help()))
    places = [*PAGES.glob("*.md"), *CONTAINER.iterdir(), ROOT / "emulator" / "README.md"]
    for place in places:
        for line in place.read_text("utf-8").splitlines():
            if match := re.search(r"payloom-emulator(?:\.pyz|\")? (--.*)|^ENTRYPOINT (.*)|command: (.*)", line):
                used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "".join(filter(None, match.groups()))))
                assert used <= known, f"{place.name}: {used - known}"
    for name in ("compose.yaml", "github-actions.yaml", "gitlab-ci.yaml"):
        assert YAML(typ="safe", pure=True).load((CONTAINER / name).read_text("utf-8")), name


def test_the_image_has_no_rights_and_says_whether_it_is_well() -> None:
    text = (CONTAINER / "Containerfile").read_text("utf-8")
    assert "\nUSER 10001:10001\n" in text
    (health,) = re.findall(r"^HEALTHCHECK .* CMD (.*)$", text, re.MULTILINE)
    assert json.loads(health)[:2] == ["payloom-emulator", "--wait"]
    service = YAML(typ="safe", pure=True).load((CONTAINER / "compose.yaml").read_text("utf-8"))["services"]["stripe"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
