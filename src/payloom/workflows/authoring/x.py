"""`x`: names, functions and branches for workflows written in Python."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from payloom.workflows.authoring.symbols import Expr, plain, source, text_of
from payloom.workflows.authoring.trace import current


class _X:
    """`x.env.SITE_URL`, `x.now()`, `x.money(a, c)`, `x.f(…)`, `with x.when(…):`, `with x.each(…) as item:`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in {
            "env",
            "event",
            "object",
            "previous",
            "run",
            "vars",
            "user",
            "inputs",
            "row",
            "old",
            "error",
            "approval",
        }:
            return Expr(name)

        def function(*args: Any) -> Expr:
            return Expr(f"{name}({', '.join(map(text_of, args))})")

        return function

    def e(self, text: str) -> Expr:
        """Return an expression written out."""
        return Expr(text, tight=text.isidentifier())

    def f(self, text: str, *values: Any) -> str:
        """Return a text with the values in the places of `{}`."""
        parts = text.split("{}")
        if len(parts) != len(values) + 1:
            raise ValueError(f"{len(parts) - 1} places and {len(values)} values")
        out = parts[0].replace("${{", "$${{")
        for value, part in zip(values, parts[1:], strict=True):
            template = plain(value) if isinstance(value, Expr) else str(value)
            out += f"{template}{part.replace('${{', '$${{')}"
        return out

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Expr:
        """Return one of two values: `condition ? then : otherwise`."""
        return Expr(f"{text_of(condition)} ? {text_of(then)} : {text_of(otherwise)}", tight=False)

    @contextmanager
    def step(self, **head: Any) -> Generator[None]:
        """Give the one step inside a head: `id`, `name`, `when`, `on_error="continue"`, `retry`, `timeout`."""
        trace = current()
        fields = {key: text_of(value) if key == "when" else plain(value) for key, value in head.items()}
        trace.heads.append(fields)
        yield
        if trace.heads.pop():
            raise ValueError("`x.step` goes around one step")

    @contextmanager
    def when(self, condition: Any) -> Generator[None]:
        """Do the steps inside when the condition holds."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.add({"if": text_of(condition), "then": steps}, named=False)

    @contextmanager
    def otherwise(self) -> Generator[None]:
        """Do the steps inside when the `when` just before did not hold, or the `approve` was answered no."""
        trace = current()
        with trace.block() as steps:
            yield
        last = trace.last("if", "approve")
        if "else" in last:
            raise ValueError("`otherwise` follows a `when` or an `approve`, once")
        last["else"] = steps

    @contextmanager
    def _behind(self, verb: str | None, key: str) -> Generator[None]:
        trace = current()
        with trace.block() as steps:
            yield
        trace.last(*([verb] if verb else []))[key] = steps

    def notify(self) -> Any:
        """Do the steps inside before the `approve` just before waits: tell who decides, with `x.approval.url`."""
        return self._behind("approve", "notify")

    def approved(self) -> Any:
        """Do the steps inside when the `approve` just before is answered yes."""
        return self._behind("approve", "then")

    def late(self) -> Any:
        """Do the steps inside if no user decides on the `approve` just before in time."""
        return self._behind("approve", "on_timeout")

    def failed(self) -> Any:
        """Do the steps inside when the step just before fails; `x.error` says why."""
        return self._behind(None, "on_error")

    @contextmanager
    def at_failure(self) -> Generator[None]:
        """Do the steps inside when the run fails; `x.error` says why."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.on_error = steps

    @contextmanager
    def repeat(self, condition: Any, *, max: int) -> Generator[None]:  # noqa: A002 - as in the file
        """Do the steps inside again as long as the condition holds, at most `max` times: `while`."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.add({"while": text_of(condition), "max": max, "do": steps}, named=False)

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Do the steps inside, and deal with their failure in the `catch` right behind: `try`."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.add({"try": steps}, named=False)

    @contextmanager
    def catch(self, *errors: str, as_: str | None = None) -> Generator[Expr]:
        """Do the steps inside when the `attempt` before failed, by one of these errors if any are named."""
        trace = current()
        with trace.block() as steps:
            yield Expr(as_ or "error")
        attempt = trace.last("try")
        if not errors and as_ is None and "catch" not in attempt:
            attempt["catch"] = steps
            return
        clause = {**({"errors": list(errors)} if errors else {}), **({"as": as_} if as_ else {}), "do": steps}
        attempt.setdefault("catch", []).append(clause)

    def finally_(self) -> Any:
        """Do the steps inside after the `attempt` before, however it ended."""
        return self._behind("try", "finally")

    @contextmanager
    def parallel(self, *, fail: str | None = None) -> Generator[None]:
        """Do the branches inside (`with x.branch("name"):`) at the same time."""
        trace = current()
        with trace.block() as parts:
            yield
        branches = {part["branch"]: part["steps"] for part in parts}
        trace.add({"parallel": branches, **({"fail": fail} if fail else {})}, named=False)

    @contextmanager
    def branch(self, name: str) -> Generator[None]:
        """One branch of a `parallel`."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.blocks[-1].append({"branch": name, "steps": steps})

    @contextmanager
    def switch(self, value: Any = None, *, default: str | None = None) -> Generator[None]:
        """Take a branch of those inside: `x.case("name")`, or `x.case_when(condition)` without a value; `default`."""
        trace = current()
        with trace.block() as parts:
            yield
        step: dict[str, Any] = {"switch": None if value is None else text_of(value)}
        step["cases"] = (
            {part["case"]: part["steps"] for part in parts if "case" in part}
            if value is not None
            else [{"when": part["when"], "do": part["steps"]} for part in parts if "when" in part]
        )
        otherwise = next((part["steps"] for part in parts if "case" not in part and "when" not in part), default)
        trace.add({**step, **({} if otherwise is None else {"default": otherwise})}, named=False)

    @contextmanager
    def case_when(self, condition: Any) -> Generator[None]:
        """One branch of a `switch` over conditions."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.blocks[-1].append({"when": text_of(condition), "steps": steps})

    @contextmanager
    def default(self) -> Generator[None]:
        """Do the steps inside when no case of the `switch` around fits."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.blocks[-1].append({"steps": steps})

    @contextmanager
    def each(self, items: Any, as_: str = "item", **options: Any) -> Generator[Expr]:
        """Do the steps inside for every item. options: concurrency, max."""
        trace = current()
        with trace.block() as steps:
            yield Expr(as_)
        named = {"as": as_} if as_ != "item" else {}
        trace.add(
            {"for_each": source(items) if isinstance(items, Expr) else text_of(items), **named, "do": steps, **options},
            named=False,
        )

    @contextmanager
    def case(self, value: Any, name: str | None = None) -> Generator[None]:
        """Do the steps inside when a value is `name`; cases of one value that follow each other become one `switch`.

        Inside a `switch`: `x.case("name")`.
        """
        trace = current()
        with trace.block() as steps:
            yield
        if name is None:
            trace.blocks[-1].append({"case": value, "steps": steps})
            return
        text = text_of(value)
        last = trace.blocks[-1][-1] if trace.blocks[-1] else {}
        if last.get("switch") == text and name not in last["cases"]:
            last["cases"][name] = steps
        else:
            trace.add({"switch": text, "cases": {name: steps}, "default": "stop"}, named=False)


x = _X()
