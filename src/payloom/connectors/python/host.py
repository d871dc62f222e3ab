"""Does `python` steps (`OutsideHost`): calls a marked function with the step's arguments."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import traceback
from collections.abc import Mapping
from typing import Any, cast

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.python.loader import Function, Functions
from payloom.kit.json_types import is_sequence
from payloom.kit.secrets.redaction import redact, redact_text
from payloom.kit.suggest import did_you_mean
from payloom.steps import StepContext, StepError
from payloom.workflows.program.commands import AuthorsFailure, Do, StepFailure

TIMEOUT = 30.0
"""Seconds, unless the step says otherwise."""
_MOST = 64
_TRANSIENT = (ConnectionError, TimeoutError)


class PythonHost:
    """Calls a project's own functions."""

    def __init__(self, functions: Functions) -> None:
        """Only what is in `functions` can be called, whatever a workflow names."""
        self._functions = functions

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Call the function and return its value.

        Failure kinds: `unknown_function`, `bad_arguments`, `timeout` (in doubt), `bad_result`, `python_error` (any
        exception; retryable for ConnectionError and TimeoutError), or the kind of a `StepError`.
        """
        function = self._functions.by_name.get(do.action)
        if function is None:
            hint = did_you_mean(do.action, self._functions.by_name) or "mark it with @payloom.step in actions/"
            raise StepFailed(StepFailure("unknown_function", f"there is no function {do.action!r}", hint=hint))
        arguments = dict(do.args.get("with") or {})
        if function.wants_context:
            arguments["context"] = StepContext(do.key, attempt.run_id, attempt.number, attempt.in_doubt)
        try:
            bound = function.signature.bind(**arguments)
        except TypeError as error:
            hint = f"it is defined as {do.action}{function.signature}"
            raise StepFailed(
                StepFailure("bad_arguments", f"{do.action}: {error}", hint=hint, where=function.where)
            ) from None
        value = await self._call(function, bound.args, bound.kwargs, do.timeout or TIMEOUT)
        try:
            return _plain(value)
        except ValueError as error:
            hint = "return maps, lists, strings, numbers, bools, None and aware datetimes"
            raise StepFailed(
                StepFailure("bad_result", f"{do.action} returned {error}", hint=hint, where=function.where)
            ) from None

    async def _call(self, function: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any], seconds: float) -> Any:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                if function.is_async:
                    return await function.call(*args, **kwargs)
                return await asyncio.to_thread(function.call, *args, **kwargs)
        except StepError as error:
            failure = AuthorsFailure(
                kind=error.kind,
                message=error.message,
                status=error.status,
                hint=error.hint,
                where=function.where,
                data=redact(error.data),
                retryable=error.retryable,
            )
            raise StepFailed(failure) from error
        except Exception as error:
            raise StepFailed(_failure(function, error, seconds, expired=limit.expired())) from error


def _failure(function: Function, error: Exception, seconds: float, *, expired: bool) -> StepFailure:
    if expired and isinstance(error, TimeoutError):
        # A thread cannot be stopped: the function may still be at work.
        return StepFailure(
            "timeout",
            f"{function.name} did not return within {seconds:g} seconds",
            status=504,
            hint="give the step a longer timeout, or make the function quicker",
            where=function.where,
            data={"in_doubt": True},
            retryable=True,
        )
    file = function.where.partition(":")[0]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(file)]
    return StepFailure(
        "python_error",
        redact_text(f"{function.name} raised {type(error).__name__}: {error}")[:1000],
        where=f"{file}:{frames[-1].lineno}" if frames else function.where,
        data={"exception": type(error).__name__, "in_doubt": True},
        retryable=isinstance(error, _TRANSIENT),
    )


def _plain(value: Any, depth: int = 0) -> Any:
    """Return the value as the run records it; raises ValueError naming what cannot be."""
    if depth > _MOST:
        raise ValueError("a value nested too deeply")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError("a whole number outside the 64-bit range")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is not finite")
        return float(value)
    if isinstance(value, dt.datetime):
        if value.utcoffset() is None:
            raise ValueError("a datetime without a time zone")
        return value.astimezone(dt.UTC)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        if not all(isinstance(key, str) for key in items):
            raise ValueError("a map with a key that is not a string")
        return {key: _plain(item, depth + 1) for key, item in items.items()}
    if is_sequence(value):
        return [_plain(item, depth + 1) for item in value]
    raise ValueError(f"a {type(value).__name__}, which cannot be recorded")
