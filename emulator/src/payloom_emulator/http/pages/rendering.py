"""Templates, security headers and amounts as the pages write them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, cast

from starlette.responses import HTMLResponse

from payloom_emulator.kit.money import Amount

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2

_TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415 - most servers never show a page

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = cast("dict[str, Callable[..., object]]", environment.filters)  # pyright: ignore[reportUnknownMemberType] - Jinja's own type
    filters["money"] = money
    return environment


def money(minor: int | None, currency: str | None) -> str:
    """Return an amount for people, e.g. `$21.98`, `¥500`, `KWD 1.500`; a missing one is nothing."""
    return Amount(minor or 0, currency or "usd").format()


def policy(*, framed: bool, forms_lead_to: str = "") -> str:
    """Return the Content-Security-Policy: own scripts and styles only.

    framed: other origins may embed the page. forms_lead_to: an origin that a form's answer redirects to.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "frame-src 'self'",
            "img-src 'self' data: http: https:",
            "base-uri 'none'",
            f"form-action 'self' {forms_lead_to}".rstrip(),
            f"frame-ancestors {'*' if framed else chr(39) + 'none' + chr(39)}",
        )
    )


def page(
    name: str, *, status: int = 200, framed: bool = False, forms_lead_to: str = "", **values: object
) -> HTMLResponse:
    """Render `templates/<name>` (everything escaped) with headers that keep scripts from elsewhere out."""
    body = _environment().get_template(name).render(**values)
    return HTMLResponse(
        body,
        status_code=status,
        headers={
            "Content-Security-Policy": policy(framed=framed, forms_lead_to=forms_lead_to),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
    )
