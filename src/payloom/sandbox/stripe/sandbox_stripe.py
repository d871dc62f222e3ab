"""The Stripe of a sandbox: idempotency keys, faults, a record of all calls, and behind them whatever answers.

It stands behind the real connector: parameters are checked, keys are shortened, create calls are stamped and looked up
as in production. Only the wire is missing.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

from payloom.connectors.stripe.catalog.effects import caused_types
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import StripeStepFailed, no_answer, refused
from payloom.connectors.stripe.parameters import Prepared
from payloom.kit import strict_json
from payloom.kit.clock import Clock
from payloom.kit.json_types import is_dict, is_list
from payloom.sandbox.stripe.plain_answers import missing
from payloom.workflows.program.commands import StepFailure

Fault = Literal["refused", "lost", "fault", "fault_after", "busy", "timeout"]
"""refused: no connection, nothing happened. lost: it happened, the answer did not arrive. fault, fault_after: a 500,
saved under the key, nothing or something happened. busy: 429. timeout: no answer, nothing happened."""

KEYS_KEPT = dt.timedelta(hours=24)


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """A call that changed something at Stripe. key: its idempotency key as the workflow made it."""

    call: str
    params: Mapping[str, Any]
    key: str | None
    answer: Any
    account: str | None = None


@dataclasses.dataclass(slots=True)
class _Saved:
    at: dt.datetime
    print: str
    answer: Any = None
    failure: StripeStepFailed | None = None


class StripeAnswers(Protocol):
    """What stands behind the wire of a sandbox: the objects of Stripe, and how it answers a request about them.

    objects: the last known state of each object, by id. made: the key of the call that made an object, by its id.
    """

    objects: dict[str, dict[str, Any]]
    made: dict[str, str]

    def put(self, given: Mapping[str, Any], *, created: int = 0, deleted: bool = False) -> object:
        """Keep an object as Stripe's present state of it, unless a newer one is kept.

        deleted: that state is that it is deleted.
        """
        ...

    def hold(self, given: Mapping[str, Any], now: int) -> None:
        """Keep an object that a case gives in part, with its kind under `object`, as one made at `now`."""
        ...

    def name(self, customers: Iterable[str]) -> None:
        """Note the ids of customers that exist although nothing describes them."""
        ...

    def read(self, operation: Operation, prepared: Prepared, given: Any) -> Any:
        """Answer a read. given: fields of the answer, or `{error: …}`, that a case gives. Raises StripeStepFailed."""
        ...

    def change(self, operation: Operation, prepared: Prepared, given: Any, key: str | None) -> dict[str, Any]:
        """Answer a write, and keep what it made or changed. given: as for `read`. Raises StripeStepFailed."""
        ...


class SandboxStripe:
    """The Stripe of one scenario: what it was asked, and the idempotency keys it knows. It outlives processes."""

    def __init__(self, clock: Clock, answers: StripeAnswers) -> None:
        """answers: answers what neither a fault nor an idempotency key decides."""
        self.clock = clock
        self.writes: list[Write] = []
        self.reads: list[tuple[str, Mapping[str, Any]]] = []
        self.attempts: list[tuple[str, str | None]] = []
        self._backend = answers
        self._answers: dict[str, Any] = {}
        self._saved: dict[str, _Saved] = {}
        self._deleted: set[str] = set()

    @property
    def objects(self) -> Mapping[str, Mapping[str, Any]]:
        """The last known state of each object, by id."""
        return self._backend.objects

    @property
    def made(self) -> Mapping[str, str]:
        """The key of the call that made an object, by the object's id."""
        return self._backend.made

    def give(self, answers: Mapping[str, Any]) -> None:
        """Set what calls answer: call → fields of the answer, `{error: …}`, or a list of such, one for each call."""
        self._answers = copy.deepcopy(dict(answers))

    def put(self, given: Mapping[str, Any], *, created: int = 0, deleted: bool = False) -> None:
        """Keep an object as Stripe's present state of it, unless a newer one is kept."""
        self._backend.put(given, created=created, deleted=deleted)

    def hold(self, given: Mapping[str, Any], now: int) -> None:
        """Keep an object that a case gives in part, with its kind under `object`, as one made at `now`."""
        self._backend.hold(given, now)

    def name(self, customers: Iterable[str]) -> None:
        """Note the ids of customers that exist although nothing describes them."""
        self._backend.name(customers)

    # -- one request -------------------------------------------------------------------------------------------------

    def request(
        self, operation: Operation, prepared: Prepared, key: str | None, account: str | None, fault: Fault | None
    ) -> Any:
        """Answer one request, or fail it in Stripe's words; raises StripeStepFailed."""
        self.attempts.append((operation.name, key))
        if fault == "refused":
            raise StripeStepFailed(_words("stripe_unreachable", "Stripe cannot be reached", 502), "retry")
        if fault == "busy":
            raise StripeStepFailed(_words("rate_limit", "Too many requests", 503), "retry", retry_after=1.0)
        if fault == "timeout":
            raise no_answer(operation.name, 30.0)
        if operation.method == "get":
            if fault is not None:
                raise no_answer(operation.name, None, "ConnectionError")
            self.reads.append((operation.name, dict(prepared.body)))
            answer = copy.deepcopy(self._backend.read(operation, prepared, self._given(operation)))
            return self._with_caused(answer, prepared) if operation.name == "events.list" else answer
        return self._write(operation, prepared, key, account, fault)

    def _write(
        self, operation: Operation, prepared: Prepared, key: str | None, account: str | None, fault: Fault | None
    ) -> Any:
        mark = strict_json.canonical([operation.name, prepared.path, prepared.body, account])
        keeps = key is not None and operation.method != "delete"
        saved = self._saved.get(key) if keeps and key is not None else None
        if saved is not None and self.clock.now() - saved.at < KEYS_KEPT:
            return self._repeat(saved, mark, operation, fault)
        failure: StripeStepFailed | None = None
        answer: Any = None
        if fault == "fault":
            failure = _fault(operation)
        else:
            try:
                answer = self._changed(operation, prepared, key)
            except StripeStepFailed as error:
                failure = error
            else:
                self.writes.append(Write(operation.name, _shown(operation, prepared), key, answer, account))
            if fault == "fault_after" and failure is None:
                failure = _fault(operation)
        # Stripe does not save what it refused before it began.
        if keeps and key is not None and (failure is None or failure.outcome == "unknown"):
            self._saved[key] = _Saved(self.clock.now(), mark, answer, failure)
        if fault == "lost":
            raise no_answer(operation.name, None, "ConnectionError")
        if failure is not None:
            raise failure
        return copy.deepcopy(answer)

    def _changed(self, operation: Operation, prepared: Prepared, key: str | None) -> dict[str, Any]:
        """Answer a write. What was deleted once is not there to be deleted again; raises StripeStepFailed."""
        deletes = operation.method == "delete" and not operation.function.endswith("discount")
        if deletes and prepared.path[-1] in self._deleted:
            raise missing(prepared.path[-1])
        answer = self._backend.change(operation, prepared, self._given(operation), key)
        if deletes:
            self._deleted.add(prepared.path[-1])
        else:
            self._deleted.discard(str(answer.get("id")))
        return answer

    def _repeat(self, saved: _Saved, mark: str, operation: Operation, fault: Fault | None) -> Any:
        if saved.print != mark:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
            )
            raise refused("idempotency_error", message, status=400, type="idempotency_error", action=operation.name)
        if fault == "lost":
            raise no_answer(operation.name, None, "ConnectionError")
        if saved.failure is not None:
            raise StripeStepFailed(saved.failure.failure, "unknown", replayed=True)
        return copy.deepcopy(saved.answer)

    def _with_caused(self, page: dict[str, Any], prepared: Prepared) -> dict[str, Any]:
        """Add to a list of events those that name the call which caused them."""
        types_asked = set(prepared.body.get("types") or ())
        caused = [
            {
                "object": "event",
                "type": kind,
                "data": {"object": write.answer},
                "request": {"idempotency_key": write.key},
            }
            for write in reversed(self.writes)
            for kind in sorted(types_asked & set(caused_types(write.call)))
        ]
        return {**page, "data": [*caused, *page.get("data", [])]} if caused else page

    # -- what there is -----------------------------------------------------------------------------------------------

    def _given(self, operation: Operation) -> Any:
        answer = self._answers.get(operation.name)
        if is_list(answer):
            return answer.pop(0) if answer else None
        return answer


class SandboxStripeConnector(StripeConnector):
    """The real connector, with a sandbox's Stripe in the place of the wire."""

    def __init__(
        self, stripe: SandboxStripe, crash_point: Callable[[str], None], fault: Callable[[Operation], Fault | None]
    ) -> None:
        """crash_point: marks a boundary of the process. fault: returns what goes wrong with the next request."""
        super().__init__(StripeSettings("sk_test_story"), stripe.clock)
        self._stripe = stripe
        self._crash_point = crash_point
        self._fault = fault

    async def _call(self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float) -> Any:  # noqa: ARG002 - time does not pass here
        self._crash_point("")
        key, account = options.get("idempotency_key"), options.get("stripe_account")
        try:
            answer = self._stripe.request(operation, prepared, key, account, self._fault(operation))
        finally:
            if operation.method != "get":
                self._crash_point(f"stripe {operation.name}")
        return answer

    async def close(self) -> None:
        """Nothing is open."""


def _words(kind: str, message: str, status: int) -> StepFailure:
    return StepFailure(kind, message, status=status)


def _fault(operation: Operation) -> StripeStepFailed:
    return StripeStepFailed(_words("stripe_fault", f"Stripe failed to answer {operation.name}", 502), "unknown")


def _shown(operation: Operation, prepared: Prepared) -> dict[str, Any]:
    """Return the parameters as a case writes them: with the placeholders' values, without our own mark."""
    ids = dict(zip(operation.path_names, prepared.path, strict=False))
    if len(ids) == 1:
        ids = {"id": next(iter(ids.values()))}
    body = copy.deepcopy(prepared.body)
    metadata = body.get("metadata")
    if is_dict(metadata) and metadata.pop("payloom_step", None) is not None and not metadata:
        del body["metadata"]
    return {**ids, **body}
