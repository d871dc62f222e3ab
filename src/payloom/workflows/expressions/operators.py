"""What the operators do with values. No implicit conversion: whatever is not in here is an error."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from typing import Any

from payloom.kit.json_types import is_map, is_sequence
from payloom.workflows.expressions.errors import BudgetExceeded
from payloom.workflows.expressions.values import (
    MAX_OUTPUT,
    Budget,
    EvalError,
    checked,
    comparable,
    equal,
    is_number,
    type_name,
)

__all__ = ["BINARY", "ORDER", "BudgetExceeded", "minus"]

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def minus(value: Any) -> Any:
    """Return the negative of a number or duration; raises EvalError."""
    if is_number(value) or isinstance(value, dt.timedelta):
        return checked(-value)
    raise EvalError(f"- needs a number, not {type_name(value)}")


def _cannot(sign: str, left: Any, right: Any) -> EvalError:
    left_type, right_type = type_name(left), type_name(right)
    hint = None
    if "null" in (left_type, right_type):
        hint = "say what to use instead of null with ??"
    elif {left_type, right_type} == {"int", "float"}:
        hint = "convert with int() or double(): whole numbers and fractions are not mixed"
    elif sign == "+" and "string" in (left_type, right_type):
        hint = "convert with string()"
    elif {left_type, right_type} == {"string", "timestamp"}:
        hint = "convert with timestamp()"
    elif {left_type, right_type} == {"int", "timestamp"}:
        hint = "convert with timestamp(), or add a duration('1d')"
    return EvalError(f"cannot compute {left_type} {sign} {right_type}", hint)


def _ordered(sign: str) -> Callable[[Any, Any, Budget], bool]:
    compare = ORDER[sign]

    def order(left: Any, right: Any, _budget: Budget) -> bool:
        if comparable(left, right):
            return compare(left, right)
        raise _cannot(sign, left, right)

    return order


def _contains(left: Any, right: Any, budget: Budget) -> bool:
    if is_sequence(right):
        budget.spend(len(right) // 10)
        return any(equal(left, item, budget) for item in right)
    if is_map(right):
        if isinstance(left, str):
            return left in right
        raise EvalError(f"a key is a string, not {type_name(left)}", "convert it with string()")
    if isinstance(right, str):
        raise EvalError("`in` needs a list or map, not string", "write text.contains(part)")
    raise _cannot("in", left, right)


def _add(left: Any, right: Any, budget: Budget) -> Any:
    if is_number(left) and type(left) is type(right):
        return checked(left + right)
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_OUTPUT:
            raise EvalError(f"the text is longer than {MAX_OUTPUT} characters")
        return left + right
    if is_sequence(left) and is_sequence(right):
        budget.spend((len(left) + len(right)) // 10)
        return [*left, *right]
    if _is_time(left, right) or _is_time(right, left):
        return _time(lambda: left + right)
    raise _cannot("+", left, right)


def _subtract(left: Any, right: Any, _budget: Budget) -> Any:
    if is_number(left) and type(left) is type(right):
        return checked(left - right)
    if _is_time(left, right) or (_is_moment(left) and _is_moment(right)):
        return _time(lambda: left - right)
    raise _cannot("-", left, right)


def _multiply(left: Any, right: Any, _budget: Budget) -> Any:
    if is_number(left) and type(left) is type(right):
        return checked(left * right)
    raise _cannot("*", left, right)


def _divide(left: Any, right: Any, _budget: Budget) -> Any:
    if is_number(left) and type(left) is type(right):
        if right == 0:
            raise EvalError("division by zero")
        if type(left) is float:
            return checked(left / right)
        # Towards zero, as Stripe, SQL and CEL do; Python's // goes down.
        quotient = abs(left) // abs(right)
        return checked(quotient if (left < 0) == (right < 0) else -quotient)
    raise _cannot("/", left, right)


def _remainder(left: Any, right: Any, _budget: Budget) -> Any:
    if type(left) is int and type(right) is int:
        if right == 0:
            raise EvalError("division by zero")
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    raise _cannot("%", left, right)


def _is_moment(value: Any) -> bool:
    return isinstance(value, dt.datetime) and value.tzinfo is not None


def _is_time(left: Any, right: Any) -> bool:
    return isinstance(right, dt.timedelta) and (_is_moment(left) or isinstance(left, dt.timedelta))


def _time(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except OverflowError:
        raise EvalError("the timestamp is outside the years 1 to 9999") from None


BINARY: Mapping[str, Callable[[Any, Any, Budget], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _remainder,
    "in": _contains,
    **{sign: _ordered(sign) for sign in ORDER},
}
