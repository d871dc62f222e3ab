"""The verbs as Python calls."""

from __future__ import annotations

from typing import Any

from payloom.workflows.builder.symbols import Expr, plain, text_of
from payloom.workflows.builder.trace import current


def _some(**parts: Any) -> dict[str, Any]:
    return {name.rstrip("_"): plain(value) for name, value in parts.items() if value is not None}


class _Stripe:
    """`stripe.checkout.sessions.create(…)`: any operation, by its dotted name."""

    def __init__(self, name: str = "") -> None:
        self._name = name

    def __getattr__(self, part: str) -> _Stripe:
        if part.startswith("__"):
            raise AttributeError(part)
        return _Stripe(f"{self._name}.{part}" if self._name else part)

    def __call__(
        self,
        *,
        idempotency_key: Any = None,
        account: Any = None,
        retry: Any = None,
        timeout: str | None = None,
        **params: Any,
    ) -> Expr:
        extra = _some(idempotency_key=idempotency_key, account=account, retry=retry, timeout=timeout)
        return current().add({"stripe": self._name, **({"with": plain(params)} if params else {}), **extra})


class _Table:
    """One table's verbs. Keywords are columns."""

    def __init__(self, name: str) -> None:
        self._name = name

    def select(
        self,
        *,
        key_by: str | None = None,
        require: str | None = None,
        order_by: Any = None,
        limit: Any = None,
        **where: Any,
    ) -> Expr:
        """Read rows."""
        more = _some(key_by=key_by, require=require, order_by=order_by, limit=limit)
        return current().add({"select": self._name, "where": plain(where), **more})

    def select_one(self, *, optional: bool = False, **where: Any) -> Expr:
        """Read one row; null instead of a failure if `optional`."""
        one = "optional" if optional else "required"
        return current().add({"select": self._name, "where": plain(where), "one": one})

    def insert(self, **values: Any) -> Expr:
        """Add a row."""
        return current().add({"insert": self._name, "values": plain(values)})

    def update(self, where: dict[str, Any], *, rows: str | None = None, **values: Any) -> Expr:
        """Change rows."""
        return current().add({"update": self._name, "where": plain(where), "set": plain(values), **_some(rows=rows)})

    def upsert(self, key: list[str], **values: Any) -> Expr:
        """Add a row or change the one with the same key."""
        return current().add({"upsert": self._name, "key": key, "values": plain(values)})

    def delete(self, *, rows: str | None = None, **where: Any) -> Expr:
        """Remove rows."""
        return current().add({"delete": self._name, "where": plain(where), **_some(rows=rows)})


class _Tables:
    def __getattr__(self, name: str) -> _Table:
        return _Table(name)


stripe = _Stripe()
table = _Tables()


def email(template: str, to: Any, **data: Any) -> Expr:
    """Send a mail."""
    return current().add({"email": template, "to": plain(to), **({"data": plain(data)} if data else {})})


def call(workflow_id: str, **with_: Any) -> Expr:
    """Run another workflow."""
    return current().add({"call": workflow_id, **({"with": plain(with_)} if with_ else {})})


def python(function: str, **with_: Any) -> Expr:
    """Call a registered function."""
    return current().add({"python": function, **({"with": plain(with_)} if with_ else {})})


def filter_(condition: Any) -> None:
    """End the run quietly unless the condition holds."""
    current().add({"filter": text_of(condition)}, named=False)


def let(**values: Any) -> None:
    """Set variables; read them as `x.vars.<name>`."""
    current().add({"let": plain(values)}, named=False)


def log(text: Any, level: str = "info") -> None:
    """Write a line to the run's log."""
    current().add({"log": plain(text), **({"level": level} if level != "info" else {})}, named=False)


def wait(duration: Any) -> None:
    """Sleep."""
    current().add({"wait": plain(duration)}, named=False)


def raise_(code: str, message: Any, *, status: int = 400, hint: Any = None) -> None:
    """Fail with an error of one's own."""
    error = {"status": status, "code": code, "message": plain(message), **_some(hint=hint)}
    current().add({"raise": error}, named=False)
