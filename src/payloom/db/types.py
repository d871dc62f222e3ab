"""Column types that mean the same on SQLite and Postgres: JSON that keeps moments and decimals, and UTC datetimes."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import functools
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from payloom.db.packing import Words, pack, unpack
from payloom.db.sealing.sealer import sealer_of


def _tagged(value: Any) -> Any:
    # datetime before date: a datetime is a date.
    if isinstance(value, dt.datetime):
        return {"$timestamp": value.astimezone(dt.UTC).isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"$duration": value // dt.timedelta(microseconds=1)}
    if isinstance(value, decimal.Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return dict(cast("Mapping[Any, Any]", value))
    if isinstance(value, tuple | set | frozenset):
        return list(cast("Iterable[Any]", value))
    raise TypeError(f"a {type(value).__name__} cannot be stored as JSON")


def _escaped(value: Any) -> Any:
    if isinstance(value, Mapping):
        plain = {str(key): _escaped(item) for key, item in cast("Mapping[Any, Any]", value).items()}
        return {"$map": plain} if len(plain) == 1 and next(iter(plain)).startswith("$") else plain
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in cast("Iterable[Any]", value)]
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "$timestamp": dt.datetime.fromisoformat,
    "$date": dt.date.fromisoformat,
    "$duration": lambda value: dt.timedelta(microseconds=value),
    "$decimal": decimal.Decimal,
    "$bytes": base64.b64decode,
}


def _untagged(pairs: dict[str, Any]) -> Any:
    if len(pairs) == 1:
        key, value = next(iter(pairs.items()))
        if key.startswith("$"):
            read = _READ.get(key)
            if read is not None and not isinstance(value, dict | list):
                return read(value)
    return pairs


_TAGGED = (dt.date, dt.timedelta, decimal.Decimal, bytes)
"""The types whose values `_tagged` makes maps of. A datetime is a date."""
_COMPACT = (",", ":")
_MAP_BEGINS_WITH_MARK = '{"$'


def dump_json(value: Any) -> str:
    """Return compact ASCII JSON. Datetimes, dates, durations, decimals and bytes keep their type through `load_json`.

    Raises TypeError for other objects and ValueError for NaN and Infinity.
    """
    tags = 0

    def tagged(item: Any) -> Any:
        nonlocal tags
        tags += isinstance(item, _TAGGED)
        return _tagged(item)

    text = json.JSONEncoder(separators=_COMPACT, allow_nan=False, default=tagged).encode(value)
    # Within a string the quote would be escaped, so what has the mark is a map: a tag, or somebody's own.
    if _MAP_BEGINS_WITH_MARK in text and text.count(_MAP_BEGINS_WITH_MARK) != tags:
        # Somebody's own key begins with `$`; escape it so that it cannot be confused with a tag.
        text = json.JSONEncoder(separators=_COMPACT, allow_nan=False, default=_tagged).encode(_escaped(value))
    return text


_READER = json.JSONDecoder(object_hook=_untagged)


def load_json(text: str) -> Any:
    """Return what `dump_json` was given (tuples come back as lists, UUIDs as strings)."""
    if _MAP_BEGINS_WITH_MARK not in text:
        return json.loads(text)
    if '"$map"' not in text:
        return _READER.decode(text)
    return _read_escaped(json.loads(text))


def _read_escaped(value: Any) -> Any:
    if isinstance(value, list):
        return [_read_escaped(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value)
        if len(value) == 1 and isinstance(inner := value.get("$map"), dict):
            return {key: _read_escaped(item) for key, item in cast("dict[str, Any]", inner).items()}
        return _untagged({key: _read_escaped(item) for key, item in value.items()})
    return value


def _in_utc(value: dt.datetime | None) -> dt.datetime | None:
    if value is None or value.tzinfo is dt.UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place in the database; use an aware one")
    return value.astimezone(dt.UTC)


@functools.lru_cache(maxsize=256)
def _sqlite_text(value: dt.datetime | None) -> str | None:
    moment = _in_utc(value)
    return None if moment is None else moment.isoformat(" ", "microseconds")[:26]  # without +00:00


def _json_text(value: Any) -> str | None:
    return None if value is None else dump_json(value)


def _from_json_text(text: str | None) -> Any:
    return None if text is None else load_json(text)


class Json(sa.types.TypeDecorator[Any]):
    """A JSON value stored as text. None is SQL NULL; JSON null is stored the same way.

    packed: the words that a long one is packed with on SQLite. No statement can look into such a column.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, *, packed: Words | None = None) -> None:
        super().__init__()
        self.packed: Words | None = packed

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write."""
        return _json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Read."""
        return _from_json_text(value)

    # The same without the detour over a generic type: it is done for some ten values of each run.

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write; secrets in it are sealed."""
        store = _stores(dialect, self.packed)
        if store is None:
            return _json_text

        def stored(value: Any) -> str | bytes | None:
            return None if value is None else store(dump_json(value))

        return stored

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Read."""
        read = _reads(dialect, self.packed)
        if read is None:
            return _from_json_text

        def value(stored: Any) -> Any:
            return None if stored is None else load_json(read(stored))

        return value


def _stores(dialect: Dialect, packed: Words | None) -> Callable[[str], str | bytes] | None:
    """Return what makes a text what is stored of it: sealed, then packed on SQLite; None if it is stored as it is."""
    sealer = sealer_of(dialect)
    if packed is None or dialect.name != "sqlite":
        return None if sealer is None else sealer.seal
    return (lambda text: pack(text, packed)) if sealer is None else lambda text: pack(sealer.seal(text), packed)


def _unless_null(process: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else process(value)


def _reads(dialect: Dialect, packed: Words | None) -> Callable[[Any], str] | None:
    """Return what makes the text of what is stored; None if it is the text."""
    sealer = sealer_of(dialect)
    if packed is None:
        return None if sealer is None else sealer.unseal
    return unpack if sealer is None else lambda stored: sealer.unseal(unpack(stored))


class PlainJson(Json):
    """A JSON value that holds no secret, and is never changed once it is stored."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Write."""
        return _json_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Read."""
        return _from_json_text


class SealedText(sa.types.TypeDecorator[str]):
    """A text that may hold secrets: they are sealed, and the rest is as it is.

    packed: as with Json.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, *, packed: Words | None = None) -> None:
        super().__init__()
        self.packed: Words | None = packed

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write."""
        store = _stores(dialect, self.packed)
        return None if store is None else _unless_null(store)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Read."""
        read = _reads(dialect, self.packed)
        return None if read is None else _unless_null(read)


class SealedBytes(sa.types.TypeDecorator[bytes]):
    """Bytes that are secret as a whole."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Write."""
        sealer = sealer_of(dialect)
        return value if sealer is None or value is None else sealer.seal_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Read."""
        sealer = sealer_of(dialect)
        return value if sealer is None or value is None else sealer.unseal_bytes(bytes(value))


def seal_text(value: str | None, dialect: Dialect) -> str | None:
    """Return a text as a column of `SealedText` stores it, for a statement that takes no types of its columns."""
    sealer = sealer_of(dialect)
    return value if sealer is None or value is None else sealer.seal(value)


class UtcDateTime(sa.types.TypeDecorator[dt.datetime]):
    """An aware datetime in UTC, exact to the microsecond. Naive datetimes are refused: they are bugs."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Write: timestamptz on Postgres; sortable text on SQLite."""
        if value is None:
            return None
        moment = _in_utc(value)
        assert moment is not None
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write, as with Json."""
        return _sqlite_text if dialect.name == "sqlite" else _in_utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Read."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if dialect.name == "sqlite" else value.astimezone(dt.UTC)
