"""Parameters that a test puts together at run time. The local Stripe checks them when it is called, not pyright."""

from __future__ import annotations

from typing import Any


def request_params(params: dict[str, Any]) -> Any:
    """Return the parameters as the client's calls take them.

    params: may spread other maps, and may be wrong on purpose.
    """
    return params
