"""The verbs as Python calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from payloom.kit.json_types import is_map
from payloom.workflows.authoring.symbols import Expr, plain, text_of
from payloom.workflows.authoring.trace import current

P = ParamSpec("P")
R = TypeVar("R")

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The builder's functions by verb; those that give a value are annotated so."""


def step_function(function: Callable[P, R]) -> Callable[P, R]:
    """Register the builder's function of a verb: it is called as the verb, with a `_` behind a word of Python."""
    FUNCTIONS[function.__name__.removesuffix("_")] = function
    return function


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
        with_: Mapping[str, Any] | None = None,
        /,
        *,
        idempotency_key: Any = None,
        account: Any = None,
        retry: Any = None,
        timeout: str | None = None,
        all: bool = False,  # noqa: A002 - as in the file
        max: int | None = None,  # noqa: A002 - as in the file
        **params: Any,
    ) -> Expr:
        arguments = {**(with_ or {}), **params}
        extra = _some(idempotency_key=idempotency_key, account=account, retry=retry, timeout=timeout, max=max)
        extra |= {"all": True} if all else {}
        return current().add({"stripe": self._name, **({"with": plain(arguments)} if arguments else {}), **extra})


class _Table:
    """One table's verbs. Keywords are columns; a map may stand first, for columns named like another keyword."""

    def __init__(self, name: str) -> None:
        self._name = name

    def select(
        self,
        where_: Mapping[str, Any] | None = None,
        /,
        *,
        key_by: str | None = None,
        require: str | None = None,
        order_by: Any = None,
        limit: Any = None,
        **where: Any,
    ) -> Expr:
        """Read rows."""
        more = _some(key_by=key_by, require=require, order_by=order_by, limit=limit)
        return current().add({"select": self._name, "where": plain({**(where_ or {}), **where}), **more})

    def select_one(
        self, where_: Mapping[str, Any] | None = None, /, *, optional: bool = False, order_by: Any = None, **where: Any
    ) -> Expr:
        """Read one row; null instead of a failure if `optional`."""
        keys = {"one": "optional" if optional else "required", **_some(order_by=order_by)}
        return current().add({"select": self._name, "where": plain({**(where_ or {}), **where}), **keys})

    def insert(self, values_: Any = None, /, **values: Any) -> Expr:
        """Add a row; a list, or an expression that gives rows, may stand first instead."""
        columns = {**values_, **values} if is_map(values_) else values if values_ is None else values_
        return current().add({"insert": self._name, "values": plain(columns)})

    def update(
        self,
        where: Mapping[str, Any],
        set_: Mapping[str, Any] | None = None,
        /,
        *,
        rows: str | int | None = None,
        **values: Any,
    ) -> Expr:
        """Change rows."""
        columns = plain({**(set_ or {}), **values})
        return current().add({"update": self._name, "where": plain(where), "set": columns, **_some(rows=rows)})

    def upsert(self, key: list[str] | str, values_: Mapping[str, Any] | None = None, /, **values: Any) -> Expr:
        """Add a row or change the one with the same key."""
        return current().add({"upsert": self._name, "key": key, "values": plain({**(values_ or {}), **values})})

    def delete(
        self, where_: Mapping[str, Any] | None = None, /, *, rows: str | int | None = None, **where: Any
    ) -> Expr:
        """Remove rows."""
        conditions = plain({**(where_ or {}), **where})
        return current().add({"delete": self._name, "where": conditions, **_some(rows=rows)})


class _Tables:
    """`table.orders`; `table["stripe.products"]` for a name with a dot."""

    def __getattr__(self, name: str) -> _Table:
        return _Table(name)

    def __getitem__(self, name: str) -> _Table:
        return _Table(name)


stripe = _Stripe()
table = _Tables()


@step_function
def email(template: str, to: Any, data_: Mapping[str, Any] | None = None, /, **data: Any) -> Expr:
    """Send a mail. Keywords are the template's data; `from_`, `reply_to` and `attachments` go with the mail."""
    more = {name: data.pop(name) for name in ("from_", "reply_to", "attachments", "retry", "timeout") if name in data}
    names = {**(data_ or {}), **data}
    step = {"email": template, "to": plain(to), **({"data": plain(names)} if names else {}), **_some(**more)}
    return current().add(step)


@step_function
def call(workflow_id: str, with_: Mapping[str, Any] | None = None, /, **params: Any) -> Expr:
    """Run another workflow."""
    arguments = {**(with_ or {}), **params}
    return current().add({"call": workflow_id, **({"with": plain(arguments)} if arguments else {})})


@step_function
def python(
    function: str,
    with_: Mapping[str, Any] | None = None,
    /,
    *,
    retry: Any = None,
    timeout: str | None = None,
    **params: Any,
) -> Expr:
    """Call a registered function."""
    arguments = {**(with_ or {}), **params}
    extra = _some(retry=retry, timeout=timeout)
    return current().add({"python": function, **({"with": plain(arguments)} if arguments else {}), **extra})


@step_function
def http(
    request: str,
    *,
    headers: Mapping[str, Any] | None = None,
    body: Any = None,
    idempotency_key: Any = None,
    sign_with: str | None = None,
    retry: Any = None,
    timeout: str | None = None,
) -> Expr:
    """Call a web address: `http("POST https://example.com/hook", body={…})`. sign_with: the name of a secret."""
    extra = _some(
        headers=headers,
        body=body,
        idempotency_key=idempotency_key,
        sign_with=sign_with,
        retry=retry,
        timeout=timeout,
    )
    return current().add({"http": request, **extra})


@step_function
def approve(
    question: Any,
    *,
    roles: list[str] | str,
    data: Mapping[str, Any] | None = None,
    timeout: Any = None,
    **more: Any,
) -> Expr:
    """Ask a person. `with x.approved():`, `x.otherwise()`, `x.late()` right behind: after a yes, a no, silence."""
    return current().add({"approve": plain(question), "roles": roles, **_some(data=data, timeout=timeout, **more)})


@step_function
def filter_(condition: Any) -> None:
    """End the run quietly unless the condition holds."""
    current().add({"filter": text_of(condition)}, named=False)


@step_function
def ensure(
    condition: Any, message: Any, *, code: str | None = None, status: int | None = None, hint: Any = None
) -> None:
    """Fail the run with an error of your own unless the condition holds."""
    step = {"ensure": text_of(condition), "message": plain(message), **_some(code=code, status=status, hint=hint)}
    current().add(step, named=False)


@step_function
def let(values_: Mapping[str, Any] | None = None, /, **values: Any) -> None:
    """Set variables; read them as `x.vars.<name>`."""
    current().add({"let": plain({**(values_ or {}), **values})}, named=False)


@step_function
def log(text: Any, level: str = "info") -> None:
    """Write a line to the run's log."""
    current().add({"log": plain(text), **({"level": level} if level != "info" else {})}, named=False)


@step_function
def wait(duration: Any) -> None:
    """Sleep."""
    current().add({"wait": plain(duration)}, named=False)


@step_function
def wait_for(
    family: str, *, actions: list[str] | None = None, match: Any = None, timeout: Any = None, account: Any = None
) -> Expr:
    """Wait for a Stripe event; null when the time is up. account: whose events count, by default the run's event's."""
    condition = None if match is None else text_of(match)
    return current().add(
        {
            "wait_for": {
                "stripe": family,
                **_some(actions=actions, timeout=timeout, account=account),
                **_given(condition),
            }
        }
    )


def _given(match: str | None) -> dict[str, Any]:
    return {} if match is None else {"match": match}


@step_function
def return_(body: Any = None, *, status: int | None = None) -> None:
    """End the run with an answer, anywhere; at the end of the function Python's own `return` does the same."""
    current().add({"return": plain(body), **_some(status=status)}, named=False)


@step_function
def respond(body: Any = None, *, status: int | None = None) -> None:
    """Answer the caller now and go on."""
    current().add({"respond": plain(body), **_some(status=status)}, named=False)


@step_function
def raise_(code: str, message: Any, *, status: int | None = None, hint: Any = None, data: Any = None) -> None:
    """Fail with an error of one's own. status: 400 unless given."""
    error = {**_some(status=status), "code": code, "message": plain(message), **_some(hint=hint, data=data)}
    current().add({"raise": error}, named=False)
