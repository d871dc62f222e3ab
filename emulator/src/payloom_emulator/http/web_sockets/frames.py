"""The frames of a web socket (RFC 6455), as a server reads and writes them."""

from __future__ import annotations

import dataclasses
import enum

MAX_MESSAGE = 16 * 1024 * 1024


class Opcode(enum.IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class ProtocolError(Exception):
    """The other side breaks the protocol. code: what the close frame says."""

    def __init__(self, code: int, message: str) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A whole message: text, bytes, or one of the control frames."""

    opcode: Opcode
    payload: bytes


class MessageReader:
    """Puts what arrives together to messages. A client masks its frames and may cut a message into several."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._bytes = bytearray()
        self._parts: list[bytes] = []
        self._opcode: Opcode | None = None

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are complete with `data`. Raises ProtocolError."""
        self._bytes += data
        messages: list[Message] = []
        while (frame := self._take_frame()) is not None:
            final, opcode, payload = frame
            if opcode >= Opcode.CLOSE:
                messages.append(Message(opcode, payload))
            elif (whole := self._add(opcode, payload, final=final)) is not None:
                messages.append(whole)
        return messages

    def _take_frame(self) -> tuple[bool, Opcode, bytes] | None:
        """Return (final, opcode, payload) of the first frame and forget it; None while it is not whole."""
        buffer = self._bytes
        if len(buffer) < 2:
            return None
        final, opcode = bool(buffer[0] & 0x80), _opcode(buffer[0])
        masked, length, start = buffer[1] & 0x80, buffer[1] & 0x7F, 2
        if not masked:
            raise ProtocolError(1002, "a client masks its frames")
        if opcode >= Opcode.CLOSE and (length > 125 or not final):
            raise ProtocolError(1002, "a control frame is short and whole")
        if length > 125:
            width = 2 if length == 126 else 8
            if len(buffer) < start + width:
                return None
            length, start = int.from_bytes(buffer[start : start + width], "big"), start + width
        if length > MAX_MESSAGE:
            raise ProtocolError(1009, "the message is too long")
        if len(buffer) < start + 4 + length:
            return None
        mask, payload = buffer[start : start + 4], bytes(buffer[start + 4 : start + 4 + length])
        del buffer[: start + 4 + length]
        return final, opcode, _unmasked(payload, bytes(mask))

    def _add(self, opcode: Opcode, payload: bytes, *, final: bool) -> Message | None:
        """Add a frame to the message it belongs to; return the message when this was its last one."""
        if (opcode is Opcode.CONTINUATION) is (self._opcode is None):
            raise ProtocolError(1002, "a message begins before the last one ended, or goes on without a beginning")
        self._opcode = self._opcode or opcode
        self._parts.append(payload)
        if sum(map(len, self._parts)) > MAX_MESSAGE:
            raise ProtocolError(1009, "the message is too long")
        if not final:
            return None
        message = Message(self._opcode, b"".join(self._parts))
        self._parts, self._opcode = [], None
        return message


def pack(opcode: Opcode, payload: bytes) -> bytes:
    """Return one whole frame of a server, which masks nothing."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, length))
    elif length < 65536:
        head = bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")
    return head + payload


def _opcode(first: int) -> Opcode:
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError:
        raise ProtocolError(1002, "there is no such frame") from None
    if first & 0x70:
        raise ProtocolError(1002, "no extension was agreed on")
    return opcode


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """Return what was masked: each byte combined with one of the mask's four, in turn."""
    whole = mask * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(whole[: len(payload)], "big")
    return number.to_bytes(len(payload), "big")
