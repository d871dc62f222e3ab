"""What a stranger typed, where people read it: terminals, logs, mail headers, spreadsheets, stored names."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from payloom.app.logging import configure_logs
from payloom.cli.support.errors import CommandError
from payloom.cli.support.output import fail, print_data, print_json, print_message, print_table
from payloom.email.errors import BadMail
from payloom.email.message import address, attachments
from payloom.kit.visible_text import has_unseen, one_line, spreadsheet_cell, visible
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

UNSEEN = {
    "a title for the window": "\x1b]0;x\x07",
    "a color": "\x1b[31m",
    "an 8-bit sequence": "\x9b31m",
    "a backspace": "\x08",
    "a return": "\rroot",
    "NEL": "\x85",
    "a vertical tab": "\x0b",
    "a separator of lines": "\u2028",
    "a separator of paragraphs": "\u2029",
    "an override": "\u202egpj.exe",
    "an isolate": "\u2066x",
    "DEL": "\x7f",
    "half a letter": "\ud83d",
}
OBEYED = set("\x1b\x07\x08\r\x0b\x7f\x85\x9b\u2028\u2029\u202e\u2066\ud83d")
HONEST = ("Ada", "Zoë 日本 \U0001f600", "a\tb\nc", "שלום\u200f", "Windows\r\nline")


@pytest.mark.parametrize("name", UNSEEN)
def test_nothing_that_a_command_prints_reaches_the_terminal_as_an_order(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"Ada{UNSEEN[name]}B"
    print_data(text)
    print_json({"name": text})
    print_message(text)
    print_table(None, ("name",), [(text,), ([text],), ({"name": text},)])
    with pytest.raises(SystemExit):
        fail(CommandError(f"there is no {text}", hint=f"Not {text}."))
    printed = capsys.readouterr()
    assert not OBEYED & set(printed.out + printed.err)
    assert printed.out.count("\\u") >= 3


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert json.loads(visible(json.dumps({"a": text}, ensure_ascii=False))) == {"a": text}


@pytest.mark.parametrize("name", UNSEEN)
def test_a_log_of_a_terminal_has_one_line_for_each_entry(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "payloom.yaml").write_text("name: Shop\n", "utf-8")
    before = structlog.get_config()
    try:
        configure_logs(load_settings(tmp_path, environ={}, keep=False))
        structlog.get_logger("payloom.test").warning("seen", path=f"/a{UNSEEN[name]}\n2026 [info] paid order=1")
        logging.getLogger("payloom.test").warning("seen %s", f"/b{UNSEEN[name]}\n2026 [info] paid")
    finally:
        structlog.configure(**before)
    printed = capsys.readouterr().err
    assert not OBEYED & set(printed)
    assert len(printed.splitlines()) == 2


def test_a_log_follows_stderr_when_somebody_replaces_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "payloom.yaml").write_text("name: Shop\n", "utf-8")
    before = structlog.get_config()
    closed, later = io.StringIO(), io.StringIO()
    try:
        monkeypatch.setattr(sys, "stderr", closed)
        configure_logs(load_settings(tmp_path, environ={}, keep=False))
        closed.close()
        monkeypatch.setattr(sys, "stderr", later)
        structlog.get_logger("payloom.test").warning("seen")
    finally:
        structlog.configure(**before)
    assert "seen" in later.getvalue()


@pytest.mark.parametrize("name", [*UNSEEN, "a line"])
def test_no_address_and_no_file_name_of_a_mail_holds_one(name: str) -> None:
    text = UNSEEN.get(name, "\n")
    assert has_unseen(f"Ada{text}B")
    with pytest.raises(BadMail):
        address(f"Ada{text}Bcc: x <ada@example.com>")
    with pytest.raises(BadMail):
        attachments([{"name": f"a{text}b.txt", "content": "x"}])
    assert not has_unseen(one_line(f" Ada{text} B ", 200))


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\ufeff=1",
    "＝1",
    "＋1",
    "－1",
    "＠A",
    '"=1',
    "'=1",
    "|cmd",
    "%0A=1",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert spreadsheet_cell(text).startswith("'")
    assert not OBEYED & set(spreadsheet_cell(text))


@pytest.mark.parametrize("text", ["", "Ada", "a=1", "2026-11-30T12:00:00Z", "{}"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert spreadsheet_cell(text) == text
