"""Answers for steps that leave the process, without letting them leave: the first policy with an answer wins.

The policies, in the order in which a sandbox asks them: mocked (the case or the user says what a step returns),
recorded (the same call was made before), synthesized (the plainest answer of that kind), refused (no answer is known).
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, Protocol, cast

import sqlalchemy as sa

from payloom.connectors.port import Attempt, OutsideHost, StepFailed
from payloom.connectors.stripe.connector import resolve
from payloom.connectors.stripe.parameters import prepare
from payloom.kit import strict_json
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.json_types import is_dict, is_map, is_sequence
from payloom.kit.secrets.redaction import redact
from payloom.runs.models import steps
from payloom.runs.run_rows import failure_from_json
from payloom.sandbox.stripe.emulated_answers import EmulatedAnswers, reset_emulator
from payloom.sandbox.stripe.specimens import emulated_stripe
from payloom.workflows.program.commands import Do, StepFailure

Source = Literal["mocked", "recorded", "made up", "sent", ""]
"""How a step was answered, as test runs and dry runs show it; empty: not worth a note."""
_RECORDED_CALLS = 200
"""How many of the latest calls of an action are compared with a call."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepAnswer:
    """What a step returns (`value`), how it fails, or the host that performs it (its failures stay as they are)."""

    source: Source
    value: Any = None
    failure: StepFailure | None = None
    performer: OutsideHost | None = None


class AnswerPolicy(Protocol):
    """One way to answer a step."""

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:
        """Return the answer, or None to leave the step to the next policy."""
        ...


async def _at_once() -> None:
    """Start a step without waiting."""


class SimulatedHost:
    """An OutsideHost that asks its policies. sources: how each step was answered, by run and path."""

    def __init__(
        self,
        *policies: AnswerPolicy,
        before: Callable[[], Awaitable[None]] = _at_once,
        after: Callable[[Do, Any], None] = lambda _do, _value: None,
    ) -> None:
        """Ask `policies` in this order.

        before: awaited before each step. after: called with each step that succeeded and its value.
        """
        self._policies = policies
        self._before = before
        self._after = after
        self.sources: dict[tuple[str, str], Source] = {}

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Answer one step. Raises StepFailed if the answer is a failure, or if no policy has an answer."""
        await self._before()
        for policy in self._policies:
            answer = await policy.answer(do, attempt)
            if answer is None:
                continue
            if answer.source:
                self.sources[attempt.run_id, do.path] = answer.source
            if answer.failure is not None:
                raise StepFailed(answer.failure)
            value = answer.value
            if answer.performer is not None:
                value = await answer.performer.perform(do, attempt)
            self._after(do, value)
            return value
        raise StepFailed(_refusal(do))


def _refusal(do: Do) -> StepFailure:
    if do.verb == "http":
        name = f"{do.args['method']} {do.args['url']}"
        hint = f"add `http: {{'{name}': {{status: 200, body: …}}}}` to `given`"
        return StepFailure("http_not_given", f"the case does not say what {name} answers", hint=hint)
    return StepFailure("not_simulated", f"the sandbox has no answer for {do.verb} {do.action}")


class MockedHttp:
    """Answers `http` steps from what a case gives, by method and address."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        """given: see `answer_for`."""
        self._given = given

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:  # noqa: ARG002 - the policy's form
        """See AnswerPolicy. A status of 400 and more is a failure, as over the wire."""
        name = f"{do.args['method']} {do.args['url']}"
        given = answer_for(self._given, str(do.args["method"]), str(do.args["url"]))
        if given is None:
            return None
        answer: dict[str, Any] = {"status": 200, "headers": {}, "body": None, **given}
        if answer["status"] >= 400:
            data = {"status": answer["status"], "body": answer["body"]}
            failure = StepFailure("http_status", f"{name} answered {answer['status']}", status=502, data=data)
            return StepAnswer("mocked", failure=failure)
        return StepAnswer("mocked", answer)


class MockedFunctions:
    """Answers `python` steps of the functions whose results a case gives."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        """given: result by function; `{error: …}` for a failure."""
        self._given = given

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:  # noqa: ARG002 - the policy's form
        """See AnswerPolicy."""
        if do.action not in self._given:
            return None
        given = self._given[do.action]
        if not is_map(given) or set(given) != {"error"}:
            return StepAnswer("mocked", given)
        listed: Any = given["error"]
        error: Mapping[str, Any] = {"code": listed} if isinstance(listed, str) else listed
        code, message = str(error.get("code", "python_error")), str(error.get("message", f"{do.action} failed"))
        return StepAnswer("mocked", failure=StepFailure(code, message, status=int(error.get("status", 500))))


class PerformedBy:
    """Lets a real host do the steps of one verb (of all verbs without `verb`), noted as `source`."""

    def __init__(self, host: OutsideHost, source: Source = "", verb: str | None = None) -> None:
        """host: performs the steps."""
        self._host = host
        self._source: Source = source
        self._verb = verb

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:  # noqa: ARG002 - the policy's form
        """See AnswerPolicy."""
        if self._verb is not None and do.verb != self._verb:
            return None
        return StepAnswer(self._source, performer=self._host)


class RecordedCalls:
    """Answers a call as it was answered when a run made it before, with the same arguments."""

    def __init__(self, tx: sa.Connection) -> None:
        """tx: where the recorded calls are."""
        self._tx = tx

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:  # noqa: ARG002 - the policy's form
        """See AnswerPolicy. A recorded failure is final: a retry would get the same answer."""
        query = sa.select(steps.c.args, steps.c.value, steps.c.failure).where(
            steps.c.verb == do.verb,
            steps.c.action == do.action[:512],
            steps.c.status.in_(("succeeded", "failed")),
        )
        args = comparable(redact(dict(do.args)))
        rows = self._tx.execute(query.order_by(steps.c.at.desc()).limit(_RECORDED_CALLS))
        row = next((row for row in rows if comparable(row.args) == args), None)
        if row is None:
            return None
        if row.failure is not None:
            failure = dataclasses.replace(failure_from_json(row.failure), retryable=False)
            return StepAnswer("recorded", failure=failure)
        return StepAnswer("recorded", row.value)


class SynthesizedAnswers:
    """Answers every step with the plainest answer of its verb; Stripe's objects are made by the local Stripe."""

    def __init__(self, clock: Clock) -> None:
        """clock: dates what Stripe would make."""
        self._clock = clock

    @functools.cached_property
    def _stripe(self) -> EmulatedAnswers:
        emulator = emulated_stripe(self._clock)
        reset_emulator(emulator)
        return EmulatedAnswers(emulator, self._clock)

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:  # noqa: ARG002 - the policy's form
        """See AnswerPolicy."""
        try:
            return StepAnswer("made up", self._value(do))
        except StepFailed as failed:
            # Retrying later would only put off the same answer.
            return StepAnswer("made up", failure=dataclasses.replace(failed.failure, retryable=False))

    def _value(self, do: Do) -> Any:
        if do.verb == "stripe":
            operation, fixed = resolve(do.action)
            prepared = prepare(operation, {**(do.args.get("with") or {}), **fixed})
            if operation.method != "get":
                return self._stripe.change(operation, prepared, None, None)
            identity = prepared.path[-1] if prepared.path else ""
            if identity and operation.function == "retrieve" and identity not in self._stripe.objects:
                kind = str((operation.result() or {}).get("title"))
                self._stripe.hold({"object": kind, "id": identity}, to_epoch(self._clock.now()))
            return self._stripe.read(operation, prepared, None)
        if do.verb == "select":
            empty: Any = [] if not do.args.get("one") else None
            return {} if do.args.get("key_by") else empty
        if do.verb == "email":
            return {"id": "mail_dry_run", "to": do.args.get("to"), "subject": "", "status": "queued", "repeated": False}
        if do.verb == "http":
            return {"status": 200, "headers": {}, "body": None}
        return None


class CrossLoopHost:
    """An outside host whose connections belong to another event loop."""

    def __init__(self, host: OutsideHost, loop: asyncio.AbstractEventLoop) -> None:
        """loop: where the host's connections are open."""
        self._host = host
        self._loop = loop

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do the step in the other loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._perform(do, attempt), self._loop))

    async def _perform(self, do: Do, attempt: Attempt) -> Any:
        return await self._host.perform(do, attempt)


def answer_for(given: Mapping[str, Any], method: str, url: str) -> Any:
    """Return what a case says an address answers, or None.

    Keys: `POST https://…`, `https://…` (any method), each with `*` for any text; exact ones first, then the longest.
    """
    for exact in (f"{method} {url}", url):
        if exact in given:
            return given[exact]
    patterns = sorted((key for key in given if "*" in key), key=len, reverse=True)
    for key in patterns:
        word, _, rest = key.partition(" ")
        pattern = rest if rest and word in (method, "*") else key if not rest else None
        if pattern is not None and re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), url, re.DOTALL):
            return given[key]
    return None


def comparable(value: Any) -> str:
    """Return a text that is the same for the same arguments."""
    return strict_json.canonical(_plain(value))


def _plain(value: Any) -> Any:
    if is_dict(value):
        return {str(key): _plain(item) for key, item in cast("dict[Any, Any]", value).items()}
    if is_sequence(value):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
