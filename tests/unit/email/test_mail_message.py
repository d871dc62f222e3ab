"""Addresses, attachments, Message-IDs and the bytes of a mail."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import email.policy
from typing import Any

import pytest
from tests.support.present import present

from payloom.email.errors import BadMail, EmailError
from payloom.email.message import Mail, address, attachments, message_id, recipients
from payloom.email.transport import parse_smtp_url

MAIL = Mail(
    id="mail_1",
    key="run_1:2",
    template="receipt",
    message_id=message_id("run_1:2", "Corner Shop <shop@corner.test>"),
    sender="Corner Shop <shop@corner.test>",
    recipients=("Ada Lovelace <ada@example.test>",),
    subject="Grüße — your receipt",
    html="<p>Hé</p>",
    text="Hé\n",
    created_at=dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC),
    attachments=attachments([{"name": "a.pdf", "content": "aGk=", "encoding": "base64"}]),
)


def test_the_bytes_are_a_mail_with_text_html_and_files() -> None:
    read = email.message_from_bytes(MAIL.mime(), policy=email.policy.default)
    assert read["Subject"] == "Grüße — your receipt"
    assert read["From"] == "Corner Shop <shop@corner.test>"
    assert read["To"] == "Ada Lovelace <ada@example.test>"
    assert read["Message-ID"] == MAIL.message_id
    assert read["X-Payloom-Repeat"] is None
    assert present(read.get_body(("plain",))).get_content().strip() == "Hé"
    assert present(read.get_body(("html",))).get_content().strip() == "<p>Hé</p>"
    assert [(part.get_filename(), part.get_content()) for part in read.iter_attachments()] == [("a.pdf", b"hi")]


def test_the_bytes_are_the_same_each_time_and_a_repeat_is_marked() -> None:
    assert MAIL.mime() == MAIL.mime()
    again = dataclasses.replace(MAIL, repeated=True).mime()
    assert b"X-Payloom-Repeat: 1" in again
    assert MAIL.message_id.encode() in again


def test_the_message_id_depends_on_the_key_alone() -> None:
    assert message_id("a", "x@y.test") == message_id("a", "Shop <x@y.test>")
    assert message_id("a", "x@y.test") != message_id("b", "x@y.test")


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.test",
        "Ada <ada@example.test>",
        '"Ada, L." <ada+tag@example.test>',
        "ada@localhost",
        "ada@bücher.test",
    ],
)
def test_an_address_is_understood(text: str) -> None:
    assert address(text).username.startswith("ada")


@pytest.mark.parametrize(
    "text",
    [None, "", "  ", "ada", "@x.test", "ada@", "a@b@c.test", "a b@x.test", "ada@x.test\r\nBcc: b@x.test", "a@x..test",
     5, "<a@x.test>, b@x.test", ".a@x.test", "a..b@x.test", "a@-x.test", "a@x.test" * 50, "a,b@x.test", "ada@x.test>"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: int | str | None) -> None:
    with pytest.raises(BadMail):
        address(text)


def test_recipients_are_one_or_several_each_once() -> None:
    assert recipients("a@x.test") == ("a@x.test",)
    assert recipients(["a@x.test", "a@x.test", "b@x.test"]) == ("a@x.test", "b@x.test")
    for bad in (None, [], ["a@x.test"] * 51, {"a": 1}, [None]):
        with pytest.raises(BadMail):
            recipients(bad)


@pytest.mark.parametrize(
    "attached",
    [
        "x",
        [{"name": "a"}],
        [{"name": "../a", "content": "x"}],
        [{"name": "a", "content": "!", "encoding": "base64"}],
        [{"name": "a", "content": "x", "type": "text\r\nX: y"}],
        [{"name": "a", "content": "x", "path": "/etc/passwd"}],
        [{"name": "a", "content": "x" * 10_000_001}],
        [{"name": "a", "content": "x", "encoding": "hex"}],
    ],
)
def test_an_attachment_that_makes_no_sense_is_refused(attached: list[dict[str, str]] | str) -> None:
    with pytest.raises(BadMail):
        attachments(attached)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://u:p%40ss@mail.test", ("mail.test", 465, "implicit", "u", "p@ss")),
        ("smtp://u:p@mail.test", ("mail.test", 587, "starttls", "u", "p")),
        ("smtp://mail.test:2525", ("mail.test", 2525, "opportunistic", None, None)),
        ("smtp://mail.test?tls=none", ("mail.test", 25, "none", None, None)),
        ("smtp://u:p@127.0.0.1:1025?tls=none", ("127.0.0.1", 1025, "none", "u", "p")),
    ],
)
def test_an_smtp_address_says_how_to_connect(url: str, expected: tuple[Any, ...]) -> None:
    server = parse_smtp_url(url)
    assert (server.host, server.port, server.tls, server.user, server.password) == expected
    assert "password" not in repr(server)


@pytest.mark.parametrize(
    "url",
    ["http://x", "smtp://", "smtp://u:p@mail.test?tls=none", "smtp://x?tls=no", "smtps://x?tls=none", "smtp://x:y"],
)
def test_an_smtp_address_that_is_wrong_or_would_leak_the_password_is_refused(url: str) -> None:
    with pytest.raises(EmailError):
        parse_smtp_url(url)
