"""Passkeys (WebAuthn) as a second factor. The challenge is a one-time link: random, short-lived, and good once."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import ipaddress
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from payloom.auth.accounts import Account
from payloom.auth.errors import FactorRefused, LinkNotValid
from payloom.auth.links import make_link, use_link
from payloom.auth.models import passkeys
from payloom.kit import strict_json
from payloom.kit.addresses.loopback import is_loopback
from payloom.kit.strict_json import NotStrictJson

NEW = "passkey-new"
USE = "passkey"
"""Purposes of the links that are challenges."""
CHALLENGE_FOR = dt.timedelta(minutes=5)
MOST = 20
"""Passkeys of one account."""
_LONGEST_ID = 400
_LONGEST_NAME = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it."""

    id: str
    name: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None


class PasskeySite:
    """The site that passkeys are for. A browser takes a domain or `localhost`, and no network address."""

    def __init__(self, name: str, site_url: str) -> None:
        """name: shown by the browser. site_url: the address that people open."""
        parts = urlsplit(site_url)
        self.name = name
        self.host = parts.hostname or ""
        self.origin = f"{parts.scheme}://{parts.netloc}"

    @property
    def usable(self) -> bool:
        """Whether browsers offer passkeys here."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return is_loopback(self.host) or self.origin.startswith("https://")
        return False

    def options_to_add(self, tx: sa.Connection, account: Account, now: dt.datetime) -> dict[str, Any]:
        """Return what the browser needs to make a passkey. Raises `FactorRefused` where there can be none."""
        import webauthn  # noqa: PLC0415 - only who has a passkey needs it; it loads OpenSSL's bindings
        from webauthn.helpers import structs  # noqa: PLC0415 - as above

        if not self.usable:
            raise FactorRefused("browsers make no passkeys for this address", hint="Use a domain with https.")
        if len(list_passkeys(tx, account.id)) >= MOST:
            raise FactorRefused(f"an account has at most {MOST} passkeys", hint="Remove one first.")
        challenge = make_link(tx, NEW, now, account_id=account.id, lifetime=CHALLENGE_FOR)
        options = webauthn.generate_registration_options(
            rp_id=self.host,
            rp_name=self.name,
            user_id=account.id.encode(),
            user_name=account.email,
            user_display_name=account.name or account.email,
            challenge=challenge.encode(),
            exclude_credentials=[
                structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(passkey.id))
                for passkey in list_passkeys(tx, account.id)
            ],
        )
        return json.loads(webauthn.options_to_json(options))

    def add(
        self, tx: sa.Connection, account_id: str, credential: Mapping[str, Any], name: str, now: dt.datetime
    ) -> None:
        """Store the passkey that the browser made. Raises `FactorRefused`."""
        import webauthn  # noqa: PLC0415 - as above
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - as above

        challenge = _used_challenge(tx, credential, NEW, account_id, now)
        try:
            verified = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise FactorRefused(hint="Begin again.") from None
        credential_id = _text_of(verified.credential_id)
        duplicate = tx.execute(sa.select(passkeys.c.id).where(passkeys.c.id == credential_id)).one_or_none()
        if duplicate is not None or len(credential_id) > _LONGEST_ID:
            raise FactorRefused("this passkey can't be added", hint="Use another device or password manager.")
        row = {"id": credential_id, "account_id": account_id, "public_key": verified.credential_public_key}
        row |= {"sign_count": verified.sign_count, "name": name.strip()[:_LONGEST_NAME] or "Passkey", "created_at": now}
        tx.execute(sa.insert(passkeys).values(**row))

    def options_to_use(self, tx: sa.Connection, account_id: str, now: dt.datetime) -> dict[str, Any]:
        """Return what the browser needs to use a passkey of the account. Raises `FactorRefused` if it has none."""
        import webauthn  # noqa: PLC0415 - as above
        from webauthn.helpers import structs  # noqa: PLC0415 - as above

        own = list_passkeys(tx, account_id)
        if not own:
            raise FactorRefused("this account has no passkey", hint="Use a code.")
        challenge = make_link(tx, USE, now, account_id=account_id, lifetime=CHALLENGE_FOR)
        options = webauthn.generate_authentication_options(
            rp_id=self.host,
            challenge=challenge.encode(),
            allow_credentials=[
                structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(passkey.id)) for passkey in own
            ],
        )
        return json.loads(webauthn.options_to_json(options))

    def use(self, tx: sa.Connection, account_id: str, credential: Mapping[str, Any], now: dt.datetime) -> bool:
        """Return whether the browser's answer shows a passkey of the account. A challenge is good once."""
        import webauthn  # noqa: PLC0415 - as above
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - as above

        challenge = _used_challenge(tx, credential, USE, account_id, now)
        own = passkeys.c.account_id == account_id
        stored = sa.select(passkeys).where(passkeys.c.id == str(credential.get("id"))[:_LONGEST_ID], own)
        row = tx.execute(stored).one_or_none()
        if row is None:
            return False
        try:
            verified = webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.sign_count,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            return False
        counted = {"sign_count": verified.new_sign_count, "last_used_at": now}
        tx.execute(sa.update(passkeys).where(passkeys.c.id == row.id).values(**counted))
        return True


def list_passkeys(tx: sa.Connection, account_id: str) -> list[Passkey]:
    """Return the passkeys of the account, the oldest first."""
    query = sa.select(passkeys).where(passkeys.c.account_id == account_id)
    rows = tx.execute(query.order_by(passkeys.c.created_at, passkeys.c.id))
    return [Passkey(row.id, row.name, row.created_at, row.last_used_at) for row in rows]


def _used_challenge(
    tx: sa.Connection, credential: Mapping[str, Any], purpose: str, account_id: str, now: dt.datetime
) -> bytes:
    """Use the challenge of the browser's answer up and return it. Raises `FactorRefused` unless we made it."""
    try:
        client_data = strict_json.loads(_bytes_of(credential["response"]["clientDataJSON"]))
        challenge = _bytes_of(client_data["challenge"])
        owner = use_link(tx, challenge.decode("ascii"), purpose, now)
    except (KeyError, TypeError, ValueError, LinkNotValid, NotStrictJson):
        raise FactorRefused(hint="Begin again.") from None
    if owner != account_id:
        raise FactorRefused(hint="Begin again.")
    return challenge


def _bytes_of(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("this is not base64url") from error


def _text_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
