"""Reads multipart/form-data: only file uploads use it."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.form import decode


def read_multipart(content_type: str, body: bytes) -> dict[str, object]:
    """Return the form's parameters; a file is `{filename, type, content}` with `content` as bytes."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not message.is_multipart():
        raise StripeError("Invalid request: the multipart body cannot be read.")
    params: dict[str, object] = {}
    plain: list[str] = []
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content: bytes = part.get_payload(decode=True) or b""  # type: ignore[assignment] - decode=True gives bytes
        if part.get_filename():
            params[name] = {"filename": part.get_filename(), "type": part.get_content_type(), "content": content}
        else:
            plain.append(f"{_quote(name)}={_quote(content.decode(errors='replace'))}")
    return {**decode("&".join(plain)), **params}


def _quote(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26").replace("=", "%3D").replace("+", "%2B")
