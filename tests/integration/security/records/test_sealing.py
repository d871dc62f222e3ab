"""What is stored and secret is sealed: the files and rows of the database hold no secret, in either database.

`CANARIES` names every kind of secret that a server stores. They are looked for in the raw bytes of the SQLite files,
and in every row of every table of Postgres.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from tests.support.http_server import RunningServer, event, running_server
from tests.support.postgres import fresh_database
from tests.support.readings import ENCODINGS

from payloom.db import reseal
from payloom.db.database import metadata, open_database
from payloom.db.errors import BadSealingKey, SealedByUnknownKey
from payloom.db.packing import unpack
from payloom.db.sealing.keyring import KeyFile, Keyring, new_key, read_keys
from payloom.db.sealing.sealer import MARK, Sealer
from payloom.db.sealing.source import load_keys, sealer_for
from payloom.db.types import Json, PlainJson, SealedBytes, SealedText, dump_json, load_json
from payloom.kit.secrets.cards import has_card_number
from payloom.kit.secrets.patterns import SECRET_WORDS, is_secret_name
from payloom.kit.secrets.redaction import _KNOWN, redact_text, remember_secrets
from payloom.settings.load import load_settings
from payloom.settings.model import SealingSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARIES = {
    "a client secret in an event": "pi_3Canary0001_secret_eventCanary01",
    "a client secret in inputs": "pi_3Canary0002_secret_inputCanary02",
    "a client secret in an answer": "seti_1Canary03_secret_answerCanary3",
    "a Checkout client secret": "cs_test_a1Canary04_secret_fidCanary04",
    "a customer session": "cuss_secret_customerCanary05",
    "an ephemeral key": "ek_test_ephemeralCanary06",
    "a password by its name": "hunterCanary07",
    "an access token by its name": "accessCanary08",
    "a token by its name": "tokenCanary09",
    "an API key by its name": "apikeyCanary10",
    "a cookie by its name": "cookieCanary11",
    "a bearer token": "bearerCanary12.abcdefghijk",
    "a JSON web token": "eyJhbGciOiJDYW5hcnkifQ.eyJDYW5hcnkiOjEzfQ.c2lnQ2FuYXJ5MTM",
    "a password in an address": "addressCanary14",
    "a one-time link in a mail": "onetimeCanary15abcdef",
}
"""What to look for."""
TEXTS = {
    "bearer": f"Authorization: Bearer {CANARIES['a bearer token']}",
    "jwt": CANARIES["a JSON web token"],
    "address": f"postgresql://shop:{CANARIES['a password in an address']}@db.example/shop",
    "link": f"https://shop.example/reset?token={CANARIES['a one-time link in a mail']}",
    "checkout": CANARIES["a Checkout client secret"],
    "session": CANARIES["a customer session"],
    "ephemeral": CANARIES["an ephemeral key"],
    "password": CANARIES["a password by its name"],
    "access_token": CANARIES["an access token by its name"],
    "token": CANARIES["a token by its name"],
    "x-api-key": CANARIES["an API key by its name"],
    "Cookie": CANARIES["a cookie by its name"],
}
FILES = {
    "payloom.yaml": "name: Test Shop\n",
    "workflows/keeps.yaml": """
name: Keeps
on: {api: POST /keeps, auth: none}
input: {secret: string, texts: json}
steps:
  - id: kept
    let: {secret: "${{ inputs.secret }}", texts: "${{ inputs.texts }}"}
  - log: "it was ${{ inputs.texts.jwt }}"
  - email: hello
    to: ada@shop.test
    data: {link: "${{ inputs.texts.link }}"}
  - return: {client_secret: "${{ inputs.texts.answer }}", again: "${{ kept.texts }}"}
""",
    "workflows/paid.yaml": """
name: Paid
on: {stripe: payment_intent, actions: [succeeded]}
steps:
  - wait: 30d
  - log: "${{ object.id }}"
""",
    "workflows/asks.yaml": """
name: Asks
on: {manual: true}
steps:
  - respond: {ok: true}
  - approve: Go on?
    roles: [admin]
    notify:
      - email: hello
        to: boss@shop.test
        data: {link: "${{ approval.url }}"}
""",
    "emails/hello.mjml.j2": """---
subject: Hello {{ link }}
---
<mjml><mj-body><mj-section><mj-column><mj-text><a href="{{ link }}">{{ link }}</a></mj-text></mj-column></mj-section>
</mj-body></mjml>
""",
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The project, served, with every canary on its way through it."""
    with contextlib.ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        running = stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), FILES, database_url=url))
        running.deliver(
            event(
                "payment_intent.succeeded",
                "evt_canary",
                id="pi_3Canary0001",
                client_secret=CANARIES["a client secret in an event"],
            )
        )
        texts = {**TEXTS, "answer": CANARIES["a client secret in an answer"]}
        body = {"secret": CANARIES["a client secret in inputs"], "texts": texts}
        answer = running.http.post("/api/keeps", json=body)
        assert answer.json() == {"client_secret": texts["answer"], "again": texts}
        running.http.post("/api/_payloom/workflows/asks/run", json={}, headers=running.admin)
        running.wait(lambda: len(running.manage("/mails")["data"]) == 2)
        yield running


def unpacked(path: Path) -> Iterator[str]:
    """What is stored packed."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        for table in metadata.tables.values():
            for column in table.c:
                if isinstance(column.type, Json | SealedText) and column.type.packed:
                    rows = database.execute(f"SELECT {column.name} FROM {table.name} WHERE {column.name} IS NOT NULL")
                    yield from [unpack(value) for (value,) in rows]


def raw(server: RunningServer) -> dict[str, bytes]:
    """Everything that is stored, by table or by file."""
    url = server.settings.database_url
    if url.startswith("sqlite"):
        path = Path(sa.make_url(url).database or "")
        files = {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}
        return files | {"packed": "\n".join(unpacked(path)).encode()}
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as conn:
            names = conn.execute(
                sa.text(
                    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
                )
            ).all()
            return {
                name: "\n".join(
                    str([bytes(value) if isinstance(value, memoryview) else value for value in row])
                    for row in conn.execute(sa.text(f'SELECT * FROM "{schema}"."{name}"'))
                ).encode()
                for schema, name in names
                if schema not in {"pg_catalog", "information_schema"}
            }
    finally:
        engine.dispose()


@pytest.mark.parametrize("kind", CANARIES)
def test_the_stored_bytes_hold_no_secret(server: RunningServer, kind: str) -> None:
    secret = CANARIES[kind].rpartition("_secret_")[2].encode()
    assert [name for name, content in raw(server).items() if secret in content] == []


def test_the_stored_bytes_hold_no_link_that_decides(server: RunningServer) -> None:
    mail = next(mail for mail in mails(server) if "/approve/" in mail["text"])
    token = re.search(r"/approve/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", mail["text"])
    assert token is not None
    assert server.http.get(f"/approve/{token[1]}").status_code == 200
    assert [name for name, content in raw(server).items() if token[1].encode() in content] == []


def test_the_stored_bytes_hold_no_key_of_ours(server: RunningServer) -> None:
    keys = [row["value"] for row in selected(server, sa.select(metadata.tables["payloom_keys"]))]
    stored = b"".join(raw(server).values())
    assert keys
    for key in keys:
        assert len(key) == 32
        assert key not in stored
        assert base64.b64encode(key) not in stored
        assert repr(key).encode() not in stored


def selected(server: RunningServer, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """The rows of a query, as the server reads them."""

    async def read() -> list[dict[str, Any]]:
        database = open_database(server.settings.database_url, sealer_for(server.settings.sealing))
        try:
            return await database.read(lambda tx: [dict(row) for row in tx.execute(query).mappings()])
        finally:
            await database.close()

    return asyncio.run(read())


def mails(server: RunningServer) -> list[dict[str, Any]]:
    """The stored mails, as the server reads them."""
    return selected(server, sa.select(metadata.tables["payloom_mails"]))


def test_what_is_not_secret_is_stored_as_it_is(server: RunningServer) -> None:
    stored = b"".join(raw(server).values())
    for text in (b"pi_3Canary0001", b"$sealed:", b"ada@shop.test", b"db.example/shop"):
        assert text in stored


def test_a_run_goes_on_and_is_repeated_with_the_values_as_they_were(server: RunningServer) -> None:
    runs = server.manage("/runs", workflow="keeps")["data"]
    fork = server.http.post(f"/api/_payloom/runs/{runs[0]['id']}/fork", json={"path": "1"}, headers=server.admin)
    assert fork.status_code == 200, fork.text
    run = server.wait(lambda: (run := server.manage(f"/runs/{fork.json()['id']}"))["finished_at"] and run)
    assert run["status"] == "succeeded", run["failure"]
    table = metadata.tables["payloom_runs"]
    output = selected(server, sa.select(table.c.output).where(table.c.id == run["id"]))[0]["output"]
    assert output["client_secret"] == CANARIES["a client secret in an answer"]
    assert output["again"]["password"] == CANARIES["a password by its name"]


def test_every_free_text_of_payloom_s_tables_is_sealed_or_says_why_not() -> None:
    plain = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if table.name.startswith("payloom_")
        and (type(column.type) is sa.Text or isinstance(column.type, sa.LargeBinary | PlainJson))
        and not isinstance(column.type, SealedBytes)
    }
    assert plain == NOT_SEALED.keys()


NOT_SEALED = {
    "payloom_audit.before": "masked before it is written, and never changed",
    "payloom_audit.after": "masked before it is written, and never changed",
    "payloom_audit.details": "masked before it is written, and never changed",
    "payloom_workflow_versions.source": "the text of a workflow file",
    "payloom_workflow_versions.model": "what a workflow file says",
    "payloom_tables.spec": "what tables.yaml says",
    "payloom_declarations.tables": "what tables.yaml says",
    "payloom_passkeys.public_key": "a public key",
}
"""Columns for free text that are stored as they are."""


# -- keys --------------------------------------------------------------------------------------------------------


def ring(*keys: str) -> Keyring:
    """A keyring."""
    return Keyring(lambda: read_keys(",".join(keys), "the test"))


ROUND_TRIPS = [
    *TEXTS.values(),
    json.dumps(TEXTS),
    json.dumps({"nested": [{"password": 'with "quotes" and \\ and é'}]}),
    json.dumps({"client_secret": "pi_1_secret_x" * 50}),
    f"{MARK}00000000:Zm9v$",
    f"{MARK}{MARK}",
    json.dumps({"password": f"{MARK}deadbeef:Zm9vYmFy$"}),
    'pi_1_secret_abc\\"',
    "",
    "nothing to hide: risk_level, task_sk_1, token: none",
]


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_what_is_sealed_is_opened_as_it_was_also_twice_over(text: str) -> None:
    sealer = Sealer(ring(new_key()))
    sealed = sealer.seal(text)
    assert sealer.unseal(sealed) == text
    assert sealer.unseal(sealer.unseal(sealer.seal(sealed))) == text
    with contextlib.suppress(ValueError):
        json.loads(text)
        json.loads(sealed)


SECRET_NAMES = (
    *(
        "password",
        "passwords",
        "passwd",
        "passphrase",
        "PASSWORD",
        "user_password",
        "userPassword",
        "secret",
        "secrets",
    ),
    *("client_secret", "clientSecret", "authorization", "Authorization", "cookie", "cookies", "token", "access_token"),
    *("accessToken", "refresh-token", "credential", "credentials", "cvc", "cvv", "cvv2", "csc", "card_number"),
    *(
        "cardNumber",
        "card number",
        "clientsecret",
        "refresh_token",
        "pwd",
        "passcode",
        "pin",
        "otp",
        "totp",
        "bearer",
        "security_code",
        "securityCode",
    ),
    *("recovery_code", "recovery_codes", "recoveryCodes", "one_time_code", "oneTimeCode", "api_key", "apiKey"),
    *("x-api-key", "api keys", "access_key", "private_key", "privateKey", "secret_key", "signing_key", "signingKeys"),
    *(
        "encryption_key",
        "encryption.key",
        "cvc2",
        "cvn",
        "cc_number",
        "ccNumber",
        "pan",
        "jwt",
        "card_code",
        "cardVerification",
    ),
    *(
        "card_verification_value",
        "card[cvc]",
        "user:password",
        "_password",
        "a" * 100 + "_pin",
        "\uff50assword",
    ),
)


def test_every_word_of_a_secret_name_has_an_example() -> None:
    plain = [re.sub(r"(?<=[a-z])(?=[A-Z])|[^a-zA-Z0-9]+", "_", name).lower() for name in SECRET_NAMES]
    assert [word for word in SECRET_WORDS if not any(re.search(f"(?:^|_)(?:{word})$", name) for name in plain)] == []


def test_each_group_under_a_secret_name_is_read_once() -> None:
    """Groups that are open to the end, each within the one before, would take minutes if each were read to its end."""
    text = '"pin":["pinval",' * 40_000
    sealed = Sealer(ring(new_key())).seal(text)
    assert "pinval" not in sealed


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize(
    "value",
    [
        *("pinval-4711", ["pinval-4711", "b"], {"x": {"y": ["pinval-4711"]}, "z": "b"}, [{"x": 'pinval-4711 "'}]),
        *(98765, -98765, 98.765, [9876598765], {"x": [{"y": 98765}], "z": None, "v": True}),
    ],
    ids=["text", "list", "map", "list of maps", "number", "negative", "fraction", "numbers", "map of numbers"],
)
def test_what_stands_under_a_secret_name_is_sealed_in_json_and_in_json_in_text(name: str, value: Any) -> None:
    assert is_secret_name(name)
    sealer = Sealer(ring(new_key()))
    body = {"a": 1, name: value, "open": "o", "count": 17}
    for text in (
        dump_json(body),
        dump_json([body, {"list": [body]}]),
        json.dumps(body, indent=1, ensure_ascii=False),
        dump_json({"body": json.dumps(body, ensure_ascii=False)}),
        dump_json([{"body": json.dumps({"inner": json.dumps(body, ensure_ascii=False)})}]),
        f"it got {json.dumps(body, ensure_ascii=False)}",
    ):
        sealed = sealer.seal(text)
        assert not re.search(r"pinval|98\.?765", sealed), sealed
        assert sealer.unseal(sealed) == text
        # What is decoded twice has lost its quotes: then more is sealed than must be.
        if '"' not in str(value) or (text[0] in "[{" and "body" not in text):
            assert "open" in sealed
            assert "17" in sealed
        if text[0] in "[{":
            assert json.loads(sealed)


@pytest.mark.parametrize(
    "text",
    [
        "password=pinval-4711&x=open",
        "x=open&card[cvc]=pinval-4711",
        "https://shop.test/?x=open&otp=pinval-4711",
        "{'x': 'open', 'password': 'pinval-4711'}",
        "<x>open</x><password>pinval-4711</password>",
        '[{"name": "x", "value": "open"}, {"name": "password", "value": "pinval-4711"}]',
        '[["x", "open"], ["x-api-key", "pinval-4711"]]',
        '[["x", "open"], ["pin", 98765]]',
    ],
)
def test_other_ways_to_write_a_secret_name_are_sealed_and_masked(text: str) -> None:
    sealer = Sealer(ring(new_key()))
    for stored in (text, dump_json(text), dump_json({"body": text})):
        sealed = sealer.seal(stored)
        assert not re.search(r"pinval|98765", sealed), sealed
        assert "open" in sealed
        assert sealer.unseal(sealed) == stored
        masked = redact_text(stored)
        assert not re.search(r"pinval|98765", masked), masked
        assert "open" in masked
        assert redact_text(masked) == masked


CARD = "4000056655665556"
CARD_TEXTS = {
    **{name: encode(CARD) for name, encode in ENCODINGS.items()},
    **{
        f"with {between!r}": between.join(("4000", "0566", "5566", "5556"))
        for between in (
            *(" ", "  ", "      ", "-", " - ", ".", "/", "_", "\t", "\n", "\r\n", "|", ",", ", ", ";", ":", "+", "*"),
            *(
                "%20",
                "%2D",
                "\u00a0",
                "\u202f",
                "\u200b",
                "\u2013",
                "&nbsp;",
                "&#32;",
                "=20",
                "\\u0020",
                ")(",
                "~",
                "#",
            ),
        )
    },
    "in pairs": "40 00 05 66 55 66 55 56",
    "digit by digit": " ".join(CARD),
    "arabic digits": "".join(chr(0x660 + int(digit)) for digit in CARD),
    "in a form": f"number={CARD}&exp=12",
    "in JSON": json.dumps({"number": int(CARD)}),
    "in JSON, spaced": json.dumps({"number": "4000 0566 5566 5556"}),
}
"""A card number, as callers can write it."""


@pytest.mark.parametrize("form", CARD_TEXTS)
def test_a_card_number_is_refused_at_the_door_and_sealed_if_it_came_another_way(form: str) -> None:
    text = CARD_TEXTS[form]
    sealer = Sealer(ring(new_key()))
    for value in (text, f"nr {text}, thanks", {"a": [text]}, {text: 1}):
        assert has_card_number(value)
        stored = dump_json(value)
        sealed = sealer.seal(stored)
        assert sealer.unseal(sealed) == stored
        assert json.loads(sealed)
        assert not has_card_number(json.loads(sealed)), sealed


@pytest.mark.parametrize("value", [int(CARD), [int(CARD)], {"a": {"b": [1, int(CARD), "x"]}}, float(CARD)])
def test_a_card_number_that_is_a_number_is_sealed_too(value: Any) -> None:
    sealer = Sealer(ring(new_key()))
    sealed = sealer.seal(dump_json(value))
    assert has_card_number(value)
    assert not has_card_number(json.loads(sealed))
    assert load_json(sealer.unseal(sealed)) == value


@pytest.mark.parametrize(
    "text",
    [
        "4900,1900,2400,3201",
        "4000056655665557",
        "12:30:45, 10:11:12",
        "4,000,056,655,665,556",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_what_is_no_card_number_is_neither_refused_nor_sealed(text: str) -> None:
    assert not has_card_number(text)
    assert Sealer(ring(new_key())).seal(dump_json({"a": text})) == dump_json({"a": text})


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_that_was_looked_at_before_its_value_was_known_to_be_secret_is_sealed(encoding: str) -> None:
    """What looked as if it held a secret, and held none, is not looked at again, until more values are known."""
    sealer, secret = Sealer(ring(new_key())), "Kn0wn: to/be+sécret!"
    text = dump_json(
        {"pins": ENCODINGS[encoding](secret), "version": "6622beb03e15c9acaa2934c87f1a399a06b74ca92168402c"}
    )
    with patch("payloom.kit.secrets.redaction._KNOWN", type(_KNOWN)()):
        assert sealer.seal(text) == sealer.seal(text) == text
        remember_secrets([secret])
        assert MARK in sealer.seal(text)
        assert sealer.unseal(sealer.seal(text)) == text


def test_a_secret_on_a_long_page_is_sealed_however_often_the_rest_of_the_page_was_seen() -> None:
    """The pieces of a page that held no secret are not looked at again."""
    sealer = Sealer(ring(new_key()))
    page = "".join(f'<td class="cell-{number}">some words of a mail</td>' for number in range(40))
    assert sealer.seal(page) == page
    for name, text in TEXTS.items():
        for written in (
            page + f"<p>{json.dumps({name: text})}</p>" + page,
            f"<p>{json.dumps({name: text})}</p>" + page,
        ):
            for _ in range(2):
                sealed = sealer.seal(written)
                assert [canary for canary in CANARIES.values() if canary in sealed] == []
                assert sealer.unseal(sealed) == written


def test_a_caller_s_own_mark_is_not_opened() -> None:
    """What looks sealed in a caller's text is text."""
    sealer = Sealer(ring(new_key()))
    stolen = sealer.seal("pi_1_secret_of_somebody_else")
    assert sealer.unseal(sealer.seal(stolen)) == stolen


def test_a_changed_or_foreign_value_is_refused_with_a_way_out() -> None:
    old, new = new_key(), new_key()
    sealed = Sealer(ring(old)).seal("pi_1_secret_abcdef")
    with pytest.raises(SealedByUnknownKey) as unknown:
        Sealer(ring(new)).unseal(sealed)
    assert "PAYLOOM_SEALING_KEY" in (unknown.value.hint or "")
    assert Sealer(ring(new, old)).unseal(sealed) == "pi_1_secret_abcdef"
    place = sealed.rindex("$") - 5
    changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
    with pytest.raises(SealedByUnknownKey, match="changed"):
        Sealer(ring(old)).unseal(changed)


@pytest.mark.parametrize("text", ["short", "not base64 !!!", base64.b64encode(b"x" * 16).decode()])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadSealingKey) as refused:
        load_keys(SealingSettings(keys=pytest.importorskip("pydantic").SecretStr(text)))
    assert "payloom keys new" in (refused.value.hint or "")


def test_outside_dev_there_is_no_start_without_a_key_and_the_error_says_how(tmp_path: Path) -> None:
    with pytest.raises(BadSealingKey) as refused:
        load_keys(SealingSettings())
    for way in ("payloom keys new", "PAYLOOM_SEALING_KEY", "PAYLOOM_SEALING_KEY_FILE", "sealing_key_file"):
        assert way in (refused.value.hint or "")
    (tmp_path / "payloom.yaml").write_text("name: Shop\n", "utf-8")
    environ = {"PAYLOOM_SITE_URL": "https://shop.example"}
    settings = load_settings(tmp_path, environ=environ)
    assert settings.sealing == SealingSettings(file=tmp_path / "data/sealing.key", make=True)


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("", {"PAYLOOM_SEALING_KEY_FILE": "/run/secrets/sealing"}, ("/run/secrets/sealing", False)),
        ("sealing_key_file: keys/mine\n", {}, ("keys/mine", True)),
        ("", {}, ("data/sealing.key", True)),
    ],
)
def test_a_file_can_hold_the_key(
    tmp_path: Path, text: str, environ: dict[str, str], expected: tuple[str, bool]
) -> None:
    (tmp_path / "payloom.yaml").write_text(f"name: Shop\n{text}", "utf-8")
    sealing = load_settings(tmp_path, environ=environ).sealing
    assert (sealing.file, sealing.make) == (tmp_path / expected[0], expected[1])


def test_the_file_of_a_developer_is_made_at_the_first_start_for_its_owner_only(server: RunningServer) -> None:
    path = server.settings.data_dir / "sealing.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(KeyFile(path).read()) == 1


@pytest.mark.anyio
@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_rotation_seals_everything_anew_in_batches_and_old_keys_are_free_then(
    kind: str, tmp_path: Path, migrated_postgres_url: str
) -> None:
    url = migrated_postgres_url if kind == "postgresql" else f"sqlite:///{tmp_path}/shop.sqlite"
    old, new = new_key(), new_key()
    sealer = Sealer(ring(old))
    table = sa.Table(
        "payloom_rotated",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("value", Json),
        sa.Column("text", SealedText),
        sa.Column("bytes", SealedBytes),
        sa.Column("page", SealedText(packed="mail")),
        sa.Column("packed", Json(packed="json")),
    )
    database = open_database(url, sealer)
    await database.write(table.create)
    rows = [
        {
            "id": at,
            "value": {"password": f"of {at}"},
            "text": f"Bearer abcdef{at}0123456789",
            "bytes": b"key %d" % at,
            "page": "<p>Thank you</p>" * 20 + f"Bearer abcdef{at}0123456789",
            "packed": {"password": f"of {at}", "items": ["the same"] * 40},
        }
        for at in range(450)
    ]
    await database.write(lambda tx: tx.execute(sa.insert(table), rows))
    await database.close()
    both = Sealer(ring(new, old))
    database = open_database(url, both)
    columns = list(reseal.sealed_columns())
    try:
        reseal.sealed_columns = lambda: iter([(table, [column for column in table.c if column.name != "id"])])
        report = await reseal.reseal(database, both)
        again = await reseal.reseal(database, both)
    finally:
        reseal.sealed_columns = lambda: iter(columns)
    assert (report.changed, again.changed) == (5 * 450, 0)
    assert set(report.sealed_by) == {both.keyring.current}
    await database.close()
    database = open_database(url, Sealer(ring(new)))
    read = await database.read(
        lambda tx: [dict(row) for row in tx.execute(sa.select(table).order_by(table.c.id)).mappings()]
    )
    await database.close()
    assert read == rows


def test_events_without_secrets_cost_next_to_nothing() -> None:
    """Not a benchmark: only that no cipher and no pattern is asked about a usual event."""
    sealer = Sealer(Keyring(lambda: pytest.fail("a key was needed")))
    body = event(
        "charge.captured", "evt_1", id="ch_1", amount=100, outcome={"risk_level": "normal"}, receipt="https://x.y"
    )
    text = body.decode()
    assert sealer.seal(text) is text
    assert sealer.unseal(text) is text
