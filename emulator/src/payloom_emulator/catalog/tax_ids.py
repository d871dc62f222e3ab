"""Tax ids of customers and of the account, and their check by the authorities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import TaxId

_COUNTRY_OF = {"eu_vat": None, "eu_oss_vat": "EU", "gb_vat": "GB", "us_ein": "US"}
_CHECKED = frozenset({"eu_vat", "gb_vat", "au_abn"})


def make(
    unit: UnitOfWork, kind: str, value: str, customer: str | None, param: str = "", *, owner: object = None
) -> TaxId:
    """Make a tax id, of a customer or of the account itself; some are checked a moment later.

    param: where it stands in the call, for refusals. owner: the parameter of that name.
    """
    if not value:
        raise invalid("Invalid value for a tax id.", f"{param}[value]" if param else "value", "tax_id_invalid")
    tax_id = unit.create(
        kinds.TAX_ID,
        {
            "country": _COUNTRY_OF.get(kind, kind[:2].upper()) or value[:2].upper(),
            "customer": customer,
            "owner": {
                "account": None,
                "application": None,
                "customer": customer,
                "customer_account": None,
                "type": "customer" if customer else members(owner).get("type", "self"),
            },
            "type": kind,
            "value": value,
            "verification": {
                "status": "pending" if kind in _CHECKED else "unavailable",
                "verified_address": None,
                "verified_name": None,
            },
        },
        emits=("customer.tax_id.created",) if customer else (),
    )
    if kind in _CHECKED:
        unit.schedule("verify", tax_id, unit.now + 2)
    return tax_id
