"""How a mail leaves: one method, two ways. The local way is the outbox itself; the other speaks SMTP."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Literal, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from payloom.email.errors import DeliveryUnknown, EmailError, MailDelayed, MailRefused
from payloom.email.message import Mail, address
from payloom.kit.addresses.loopback import is_loopback

Tls = Literal["implicit", "starttls", "opportunistic", "none"]


class Transport(Protocol):
    """Sends a mail."""

    async def send(self, mail: Mail) -> None:
        """Return once the next server has accepted the mail.

        Raises `MailRefused` (final), `MailDelayed` (nothing was sent, retry later) or `DeliveryUnknown` (perhaps sent).
        """
        ...


class OutboxTransport:
    """Sends nothing: the row in the outbox is the mail. For development and tests."""

    async def send(self, mail: Mail) -> None:
        """Do nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how. `timeout`: seconds for each exchange with the server."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    timeout: float = 30.0


def parse_smtp_url(url: str) -> SmtpServer:
    """Read `smtps://user:password@host:465` or `smtp://user:password@host:587?tls=starttls|opportunistic|none`.

    Without `tls`, a password requires STARTTLS, and no password uses it where offered. Raises `EmailError`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise EmailError("the SMTP address is not understood", hint="write smtps://user:password@host:465")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    mode = parse_qs(parts.query).get("tls", [""])[0]
    if mode not in ("", "starttls", "opportunistic", "none") or (mode and parts.scheme == "smtps"):
        raise EmailError(f"tls={mode} is not understood", hint="smtp:// knows tls=starttls, opportunistic and none")
    chosen: Tls = "implicit" if parts.scheme == "smtps" else "starttls" if user else "opportunistic"
    if mode:
        chosen = mode
    if user and chosen in ("none", "opportunistic") and not is_loopback(parts.hostname):
        raise EmailError("the password would be sent without encryption", hint="use smtps:// or tls=starttls")
    default = {"implicit": 465, "starttls": 587}.get(chosen, 25)
    return SmtpServer(parts.hostname, port or default, chosen, user, password)


class SmtpTransport:
    """Hands mails to an SMTP server, one connection per mail."""

    def __init__(self, server: SmtpServer) -> None:
        """Nothing is connected before the first mail."""
        self._server = server

    async def send(self, mail: Mail) -> None:
        """Send the mail; all recipients or none."""
        client = self._client()
        try:
            await self._begin(client, mail)
            await self._transmit(client, mail)
        finally:
            await _hang_up(client)

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        starttls = {"starttls": True, "opportunistic": None}.get(server.tls, False)
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "implicit",
            start_tls=starttls,
            timeout=server.timeout,
            username=server.user,
            password=server.password,
        )

    async def _begin(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        """Everything up to DATA: whatever fails here, nothing was sent."""
        where = f"{self._server.host}:{self._server.port}"
        try:
            await client.connect()
            await client.mail(address(mail.sender).addr_spec)
            for recipient in mail.recipients:
                await client.rcpt(address(recipient).addr_spec)
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code < 500:
                raise _answered(where, error.code, error.message) from error
            hint = "check the user name and password in the SMTP address"
            raise MailRefused(f"{where} did not accept the sign-in ({error.code})", hint=hint) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(where, error.code, error.message) from error
        except (TimeoutError, aiosmtplib.SMTPException, OSError) as error:
            hint = "check the SMTP address and that the server can be reached"
            raise MailDelayed(f"{where} cannot be reached: {error or type(error).__name__}", hint=hint) from error

    async def _transmit(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        """Send DATA and the email. Without a reply, it is unknown whether the server accepted it."""
        where = f"{self._server.host}:{self._server.port}"
        try:
            await client.data(mail.mime())
        except aiosmtplib.SMTPResponseException as error:
            if error.code == aiosmtplib.SMTPStatus.invalid_response:
                raise DeliveryUnknown(f"{where} gave no understandable answer after the mail") from error
            raise _answered(where, error.code, error.message) from error
        except (TimeoutError, aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryUnknown(f"{where} went silent after the mail: {error or type(error).__name__}") from error


def _answered(where: str, code: int, message: str) -> EmailError:
    text = f"{where} answered {code} {' '.join(message.split())[:200]}"
    if 500 <= code < 600:
        return MailRefused(text, hint="correct the address or the sender, or ask the server's operator")
    return MailDelayed(text)


async def _hang_up(client: aiosmtplib.SMTP) -> None:
    try:
        async with asyncio.timeout(2):
            await client.quit()
    except (TimeoutError, aiosmtplib.SMTPException, OSError):
        client.close()
