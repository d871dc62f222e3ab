"""Mails leave once: the outbox over a real database, and SMTP against a real server."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import email
import email.policy
import ssl
from typing import TYPE_CHECKING, Any, Self

import pytest
from aiosmtpd import smtp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.present import present

from payloom.email.errors import DeliveryUnknown, EmailError, MailDelayed, MailRefused
from payloom.email.message import Mail, message_id
from payloom.email.outbox import ALLOWED, Outbox, get_mail, list_mails
from payloom.email.transport import OutboxTransport, SmtpServer, SmtpTransport, Transport
from payloom.kit.clock import ManualClock
from payloom.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio


def mail(key: str = "run_1:3", *, to: tuple[str, ...] = ("ada@example.test",)) -> Mail:
    return Mail(
        id=new_id("mail"),
        key=key,
        template="receipt",
        message_id=message_id(key, "shop@corner.test"),
        sender="Corner Shop <shop@corner.test>",
        recipients=to,
        subject="Your receipt",
        html="<p>Thank you</p>",
        text="Thank you\n",
        created_at=dt.datetime(2026, 1, 31, tzinfo=dt.UTC),
        run_id=key.split(":", maxsplit=1)[0],
    )


class Server:
    """A real SMTP server on a free port. `answers` maps a command to what it replies; `received` holds what it took."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, password: str | None = None) -> None:
        self.received: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.drop: str | None = None
        self.delay = 0.0
        self._tls = tls
        self._password = password

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, sender: str, options: Any) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        envelope.mail_from = sender
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, recipient: str, options: Any) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        answer = self.answers.get(recipient) or self.answers.get("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(recipient)
        return answer

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        await asyncio.sleep(self.delay)
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.received.append(envelope.content)
        if self.drop == "after DATA":
            server.transport.abort()
        return answer

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> smtp.AuthResult:
        return smtp.AuthResult(success=data.password == (self._password or "").encode(), handled=False)

    def _protocol(self) -> smtp.SMTP:
        return smtp.SMTP(
            self,
            hostname="mail.test",
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            authenticator=self._authenticate if self._password else None,
            auth_required=self._password is not None,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.sleep(0)

    def transport(self, **changes: Any) -> SmtpTransport:
        server = SmtpServer("127.0.0.1", self.port, "none", timeout=2.0)
        return SmtpTransport(dataclasses.replace(server, **changes))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class Died(BaseException):
    """What a process feels like when it is killed: nothing catches it."""


class Scripted:
    """A transport that does what the test says, and counts."""

    def __init__(self, *steps: Callable[[], Awaitable[None]] | Exception | None) -> None:
        self.steps = list(steps)
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)
        step = self.steps.pop(0) if self.steps else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            await step()


@pytest.fixture(params=["outbox", "smtp"])
async def transport(request: pytest.FixtureRequest, server: Server) -> Transport:
    return OutboxTransport() if request.param == "outbox" else server.transport()


async def stored(database: Database) -> list[Mail]:
    return await database.read(list_mails)


async def test_any_transport_takes_a_mail_and_the_outbox_shows_it(
    database: Database, transport: Transport, clock: ManualClock
) -> None:
    sent = await Outbox(database, transport, clock).send(mail())
    assert sent.status == "sent"
    assert sent.sent_at == clock.now()
    read_back = await database.read(lambda tx: get_mail(tx, sent.id))
    assert read_back == sent
    assert b"Thank you" in present(read_back).mime()


async def test_the_same_key_sends_once(database: Database, server: Server, clock: ManualClock) -> None:
    outbox = Outbox(database, server.transport(), clock)
    first = await outbox.send(mail())
    again = await outbox.send(mail(), in_doubt=True)
    assert again == first
    assert len(server.received) == 1
    assert len(await stored(database)) == 1


async def test_a_mail_arrives_whole(server: Server) -> None:
    original = mail(to=("Ada <ada@example.test>", "bob@example.test"))
    await server.transport().send(original)
    read = email.message_from_bytes(server.received[0], policy=email.policy.default)
    assert read["Message-ID"] == original.message_id
    assert read["To"] == "Ada <ada@example.test>, bob@example.test"
    assert present(read.get_body(("plain",))).get_content().strip() == "Thank you"


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "error"), [("550 no", MailRefused), ("451 later", MailDelayed)])
async def test_4xx_means_later_and_5xx_means_never(server: Server, command: str, answer: str, error: Any) -> None:
    server.answers[command] = answer
    with pytest.raises(error, match=answer):
        await server.transport().send(mail())
    assert server.received == []


async def test_all_recipients_or_none(server: Server) -> None:
    server.answers["bob@example.test"] = "550 unknown"
    with pytest.raises(MailRefused):
        await server.transport().send(mail(to=("ada@example.test", "bob@example.test")))
    assert server.received == []


async def test_taken_and_then_dropped_is_unknown(server: Server) -> None:
    server.drop = "after DATA"
    with pytest.raises(DeliveryUnknown):
        await server.transport().send(mail())
    assert len(server.received) == 1


async def test_silence_after_the_mail_is_unknown(server: Server) -> None:
    server.delay = 0.6
    with pytest.raises(DeliveryUnknown):
        await server.transport(timeout=0.2).send(mail())


async def test_nobody_there_means_later() -> None:
    async with Server() as closed:
        transport = closed.transport()
    with pytest.raises(MailDelayed, match="cannot be reached"):
        await transport.send(mail())


@pytest.mark.filterwarnings("ignore:Requir:UserWarning")  # the test server warns that it takes passwords without TLS
async def test_a_password_is_checked() -> None:
    async with Server(password="right") as server:
        await server.transport(user="shop", password="right").send(mail())
        with pytest.raises(MailRefused, match="did not accept the sign-in"):
            await server.transport(user="shop", password="wrong").send(mail())
        assert len(server.received) == 1


async def test_starttls_needs_a_certificate_that_can_be_trusted(tmp_path: Path) -> None:
    async with Server(tls=self_signed(tmp_path)) as server:
        with pytest.raises(MailDelayed, match="cannot be reached"):
            await server.transport(tls="starttls").send(mail())
        assert server.received == []


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_a_busy_server_leaves_the_mail_queued_until_it_is_sent(database: Database, clock: ManualClock) -> None:
    transport = Scripted(MailDelayed("later"), None)
    outbox = Outbox(database, transport, clock)
    with pytest.raises(MailDelayed):
        await outbox.send(mail())
    assert [(entry.status, entry.error) for entry in await stored(database)] == [("queued", "later")]
    sent = await outbox.send(mail())
    assert (sent.status, sent.attempts, sent.repeated, sent.error) == ("sent", 2, False, None)


async def test_a_refused_mail_is_failed_and_a_deliberate_retry_may_send_it(
    database: Database, clock: ManualClock
) -> None:
    transport = Scripted(MailRefused("no such user"), None)
    outbox = Outbox(database, transport, clock)
    with pytest.raises(MailRefused):
        await outbox.send(mail())
    assert (await stored(database))[0].status == "failed"
    assert (await outbox.send(mail())).status == "sent"
    assert transport.sent[1].repeated is False


async def test_a_crash_while_sending_is_repeated_once_and_marked(database: Database, clock: ManualClock) -> None:
    async def crash() -> None:
        raise Died

    transport = Scripted(crash, None)
    outbox = Outbox(database, transport, clock)
    with pytest.raises(Died):
        await outbox.send(mail())
    assert (await stored(database))[0].status == "sending"
    sent = await outbox.send(mail(), in_doubt=True)
    assert (sent.status, sent.repeated, sent.attempts) == ("sent", True, 2)
    assert {entry.message_id for entry in transport.sent} == {sent.message_id}
    assert b"X-Payloom-Repeat: 1" in sent.mime()


async def test_two_doubtful_tries_are_enough(database: Database, clock: ManualClock) -> None:
    transport = Scripted(DeliveryUnknown("silence"), DeliveryUnknown("silence"), None)
    outbox = Outbox(database, transport, clock)
    for _ in range(2):
        with pytest.raises(DeliveryUnknown, match="silence"):
            await outbox.send(mail(), in_doubt=True)
    with pytest.raises(DeliveryUnknown, match="repeated once already"):
        await outbox.send(mail(), in_doubt=True)
    assert len(transport.sent) == 2
    assert (await stored(database))[0].status == "unknown"


async def test_two_at_once_send_once(database: Database, clock: ManualClock) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        started.set()
        await finish.wait()

    transport = Scripted(slow)
    outbox = Outbox(database, transport, clock)
    first = asyncio.create_task(outbox.send(mail()))
    await started.wait()
    with pytest.raises(MailDelayed, match="being sent right now"):
        await outbox.send(mail())
    finish.set()
    assert (await first).status == "sent"
    assert len(transport.sent) == 1


async def test_a_crash_between_the_server_and_the_record_is_repeated_once_and_marked(
    database: Database, server: Server, clock: ManualClock
) -> None:
    """The mark `sent` goes with the record of whoever asked. Without it nobody knows that the server has the mail."""
    outbox = Outbox(database, server.transport(), clock)
    await outbox.transmit(mail())
    assert (await stored(database))[0].status == "sending"
    again = await database.write(await outbox.transmit(mail(), in_doubt=True))
    assert (again.status, again.repeated, again.attempts) == ("sent", True, 2)
    assert len(server.received) == 2
    assert {email.message_from_bytes(sent)["Message-ID"] for sent in server.received} == {again.message_id}


@pytest.mark.parametrize("left", [MailRefused("no"), MailDelayed("later"), DeliveryUnknown("silence"), None])
async def test_the_local_outbox_is_never_in_doubt(
    database: Database, clock: ManualClock, left: Exception | None
) -> None:
    """Whatever another transport has left under the key, and however often nobody recorded it: one mail, sent."""

    async def crash() -> None:
        raise Died

    before = Outbox(database, Scripted(*[left or crash] * 2), clock)
    for _ in range(2):
        with pytest.raises((EmailError, Died)):
            await before.send(mail(), in_doubt=True)
    local = Outbox(database, OutboxTransport(), clock)
    for _ in range(3):
        await local.transmit(mail(), in_doubt=True)
    records = [await local.transmit(dataclasses.replace(mail(), id=new_id("mail"))) for _ in range(2)]
    first, again = [await database.write(record) for record in records]
    assert first == again == (await stored(database))[0]
    assert first.status == "sent"
    assert len(await stored(database)) == 1


async def test_a_mail_left_behind_by_a_dead_process_is_taken_up_after_ten_minutes(
    database: Database, clock: ManualClock
) -> None:
    async def crash() -> None:
        raise Died

    transport = Scripted(crash)
    outbox = Outbox(database, transport, clock)
    with pytest.raises(Died):
        await outbox.send(mail())
    clock.advance(dt.timedelta(minutes=11))
    assert (await outbox.send(mail())).repeated is True


async def test_the_outbox_is_listed_newest_first_by_page_and_by_run(database: Database, clock: ManualClock) -> None:
    outbox = Outbox(database, OutboxTransport(), clock)
    for number in range(5):
        moment = clock.now() + dt.timedelta(seconds=number // 2)
        await outbox.send(dataclasses.replace(mail(f"run_{number}:1"), created_at=moment))
    all_mails = await stored(database)
    assert [entry.run_id for entry in all_mails] == ["run_4", "run_3", "run_2", "run_1", "run_0"]
    page = await database.read(lambda tx: list_mails(tx, limit=2))
    rest = await database.read(lambda tx: list_mails(tx, before=(page[-1].created_at, page[-1].id)))
    assert [*page, *rest] == all_mails
    filtered = await database.read(lambda tx: list_mails(tx, run_id="run_2", template="receipt", status="sent"))
    assert [entry.run_id for entry in filtered] == ["run_2"]
    assert await database.read(lambda tx: get_mail(tx, "mail_none")) is None


def test_every_status_can_be_reached_and_sent_is_final() -> None:
    assert {status for targets in ALLOWED.values() for status in targets} == set(ALLOWED)
    assert [status for status, targets in ALLOWED.items() if not targets] == ["sent"]
