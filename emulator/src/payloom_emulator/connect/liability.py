"""Who issues an invoice or is liable for its taxes: the account itself, or a connected one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import parameter_missing
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork


def owner_of(unit: UnitOfWork, owner: object, param: str) -> dict[str, object]:
    """Return `{type: self}` or `{type: account, account}` of what the caller said. param: its name, for refusals."""
    named = members(owner)
    if named.get("type") != "account":
        return {"type": "self"}
    account = text(named.get("account"))
    if not account:
        raise parameter_missing(f"{param}[account]")
    return {"account": unit.get(kinds.ACCOUNT, account, f"{param}[account]")["id"], "type": "account"}


def of_taxes(unit: UnitOfWork, automatic_tax: object) -> dict[str, object] | None:
    """Return who is liable for taxes, by the parameter `automatic_tax`; None while it is off."""
    asked_for = members(automatic_tax)
    return owner_of(unit, asked_for.get("liability"), "automatic_tax[liability]") if asked_for.get("enabled") else None
