"""Objects have the fields that Stripe's SDKs promise, in the newest version and in each older one that was read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from emulator.tools import older_fields
from emulator.tools.sweep.objects import FOUND, MADE
from emulator.tools.sweep.shop import NEWEST, Shop

from payloom_emulator.presentation.expand import render
from payloom_emulator.presentation.field_presence import response_fields
from payloom_emulator.protocol.older_params import older_params

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RELEASES = sorted(older_params()["releases"])
PRESENT: dict[str, dict[str, str]] = json.loads(older_fields.PRESENT.read_text())

# What the types promise and Stripe sends only at times: when it is expanded, in previews, or of an account's own
# cards and bank accounts instead of a customer's.
AT_TIMES = {
    "tax.calculation": {"line_items"},
    "tax.transaction": {"line_items"},
    "account": {"groups"},
    "bank_account": {
        "account",
        "available_payout_methods",
        "customer",
        "default_for_currency",
        "future_requirements",
        "metadata",
        "requirements",
    },
    "card": {"account", "allow_redisplay", "available_payout_methods", "currency", "default_for_currency", "status"},
    "charge": {
        "refunds",
        *(
            f"payment_method_details.card.{name}"
            for name in (
                "description",
                "electronic_commerce_indicator",
                "iin",
                "issuer",
                "moto",
                "transaction_link_id",
            )
        ),
    },
    "confirmation_token": {f"payment_method_preview.card.{name}" for name in ("description", "iin", "issuer")},
    "customer": {"cash_balance"},
    "dispute": {"evidence.appeal"},
    "file": {"links"},
    "invoice": {"confirmation_secret"},
    "payment_method": {f"card.{name}" for name in ("description", "iin", "issuer")},
}


@pytest.fixture(scope="module")
def ids() -> tuple[Shop, list[str]]:
    shop = Shop()
    return shop, [shop.id_of(name) for name in (*MADE, *FOUND) if name != "event"]


def shown(shop: Shop, ids: list[str], version: str) -> Iterator[dict[str, Any]]:
    unit = shop.emulator.unit()
    for object_id in ids:
        row = unit.find_any(object_id)
        if row is not None and not unit.is_deleted(object_id):
            yield from objects_in(render(unit, row, version))


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("object"), str) and not value.get("deleted"):
            yield value
        for inner in value.values():
            yield from objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


def absent(holder: dict[str, Any], paths: Mapping[str, str]) -> Iterator[str]:
    """Give the paths that are not there though what holds them is; "always" ones may not be null either."""
    for path, how in paths.items():
        above, _, name = path.rpartition(".")
        for place in at(holder, above.split(".") if above else []):
            if name not in place or (how == "always" and place[name] is None):
                yield path


def at(holder: Any, parts: list[str]) -> Iterator[dict[str, Any]]:
    if not parts:
        if isinstance(holder, dict):
            yield holder
        return
    inner = holder.get(parts[0].removesuffix("[]")) if isinstance(holder, dict) else None
    for value in inner if isinstance(inner, list) else [inner]:
        if not isinstance(value, dict) or "object" not in value:
            yield from at(value, parts[1:])


def test_every_object_has_the_fields_of_the_newest_version(ids: tuple[Shop, list[str]]) -> None:
    faults = {
        f"{obj['object']}.{path}"
        for obj in shown(*ids, NEWEST)
        for path in absent(obj, PRESENT.get(obj["object"], {}))
        if path not in AT_TIMES.get(obj["object"], set())
    }
    assert faults == set()


def test_no_object_has_null_where_stripe_leaves_a_field_out(ids: tuple[Shop, list[str]]) -> None:
    faults = set[str]()
    for obj in shown(*ids, NEWEST):
        for path in response_fields()["left_out"].get(obj["object"], []):
            above, _, name = path.rpartition(".")
            places = at(obj, above.split(".") if above else [])
            faults.update(f"{obj['object']}.{path}" for p in places if name in p and p[name] is None)
    assert faults == set()


@pytest.mark.parametrize("version", RELEASES)
def test_an_older_version_shows_what_it_had(ids: tuple[Shop, list[str]], version: str) -> None:
    removed = response_fields()["removed"]
    faults = set[str]()
    for obj in shown(*ids, version):
        rows = removed.get(obj["object"], {})
        then = {p: how for p, (how, since, until) in rows.items() if since[:10] <= version[:10] < until[:10]}
        faults.update(f"{obj['object']}.{path}" for path in absent(obj, then))
    assert faults == set()
