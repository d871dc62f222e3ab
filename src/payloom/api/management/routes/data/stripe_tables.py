"""Stripe's resources beside the user's tables: what there is to read, and pages of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from payloom.api.http.errors import ApiError, BadRequest
from payloom.connectors.port import StepFailed
from payloom.connectors.stripe.catalog import tables
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.kit import strict_json
from payloom.kit.strict_json import NotStrictJson


class StripeNotReadable(ApiError):
    """Stripe returned an error while reading rows."""

    code: ClassVar[str] = "stripe_not_readable"
    status: ClassVar[int] = 502


async def page(
    stripe: StripeTables, name: str, parameters: Mapping[str, str], *, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Return `{data, next}`.

    parameters: the filters of the address. `created.gte=…` is a range; lists have commas.

    Raises VerbFailed for what Stripe cannot be asked, StripeNotReadable for what it refuses.
    """
    try:
        return await stripe.rows(name, _filters(name, parameters), cursor=cursor, limit=limit)
    except StepFailed as failed:
        failure = failed.failure
        raise StripeNotReadable(failure.message, hint=failure.hint, kind=failure.kind) from failed


def _filters(name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    for key, text in parameters.items():
        column, _, sign = key.partition(".")
        value = _value(name, column, text)
        if not sign:
            filters[column] = value
        elif column == "metadata":
            filters.setdefault(column, {})[sign] = text
        else:
            filters.setdefault(column, {})[sign] = value
    return filters


def _value(name: str, column: str, text: str) -> Any:
    table = tables.find(name)
    filters: Mapping[str, Any] = table.filters if table else {}
    schema: Mapping[str, Any] = filters.get(column, {})
    kinds = {part.get("type") for part in schema.get("anyOf") or [schema]}
    if "boolean" in kinds:
        return text == "true"
    if "integer" in kinds:
        try:
            return int(text)
        except ValueError:
            raise BadRequest(f"{column} is a whole number; moments are Unix seconds") from None
    if kinds == {"object"}:
        try:
            return strict_json.loads(text.encode())
        except NotStrictJson:
            raise BadRequest(f"{column} is a JSON object") from None
    return text.split(",") if "array" in kinds or column == "id" else text
