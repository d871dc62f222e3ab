"""One process of a story: the real runs code with hosts that the story watches. It may die at any boundary."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from payloom.connectors.dispatch import VerbDispatcher
from payloom.connectors.email.host import EmailHost
from payloom.connectors.port import Attempt, OutsideHost, StepFailed
from payloom.connectors.python.host import PythonHost
from payloom.connectors.stripe.step_host import StripeHost
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.email.errors import DeliveryUnknown, MailDelayed, MailRefused
from payloom.email.message import Mail
from payloom.email.outbox import Outbox
from payloom.runs.dependencies import RunLimits
from payloom.runs.service import RunService
from payloom.sandbox.database import CrashableDatabase
from payloom.sandbox.engine import SteppedEngine
from payloom.sandbox.stripe.fake import FakeStripeConnector
from payloom.workflows.program.commands import Do, StepFailure

if TYPE_CHECKING:
    from payloom.sandbox.scenario.scenario import Scenario

MailFault = Literal["refused", "busy", "lost"]
"""refused: 5xx, never again. busy: 4xx, nothing left. lost: the server took it and the connection broke."""
LIMITS = RunLimits(max_inline_wait=-1.0, local_slots=0)
"""Every pause ends a segment, and every run goes through the queue: nothing happens but what the story does."""


class ProcessKilled(BaseException):
    """The process died. Not an Exception: nothing but the story may catch it."""


@dataclasses.dataclass(slots=True)
class Effect:
    """What a web address or a Python function was asked to do, once per key."""

    verb: str
    action: str
    args: Mapping[str, Any]
    value: Any


class SimulatedMailServer:
    """The other end of SMTP."""

    def __init__(self, scenario: Scenario, crash_point: Callable[[str], None]) -> None:
        """See Transport."""
        self._story = scenario
        self._reached = crash_point

    async def send(self, mail: Mail) -> None:
        """Take a mail, or fail as the story has it."""
        await self._story.wait_for_turn()
        fault = self._story.faults.mail(mail.key)
        if fault == "refused":
            raise MailRefused("the mail server refused the mail")
        if fault == "busy":
            raise MailDelayed("the mail server is busy")
        self._story.sent.append(mail)
        self._reached("mail")
        if fault == "lost":
            raise DeliveryUnknown("the connection broke")


class SimulatedMailHost(EmailHost):
    """The real host of `email` steps; what templates were given is remembered."""

    scenario: Scenario

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """See EmailHost."""
        self.scenario.mail_data[do.key] = do.args.get("data") or {}
        return await super().perform(do, attempt)


class SimulatedPythonHost:
    """Calls the project's functions for real, unless the case says what they return."""

    def __init__(self, scenario: Scenario, crash_point: Callable[[str], None]) -> None:
        """See OutsideHost."""
        self._story = scenario
        self._reached = crash_point
        self._real = PythonHost(scenario.sandbox.project.functions)

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do one step."""
        await self._story.wait_for_turn()
        given = self._story.given.python
        if do.action in given:
            value = _answer(given[do.action], do)
        else:
            value = await self._real.perform(do, attempt)
        self._story.record_effect(do, value)
        self._reached(f"python {do.action}")
        return value


class SimulatedHttpHost:
    """Answers `http` steps from what the case gives; nothing leaves the machine."""

    def __init__(self, scenario: Scenario, crash_point: Callable[[str], None]) -> None:
        """See OutsideHost."""
        self._story = scenario
        self._reached = crash_point

    async def perform(self, do: Do, attempt: Attempt) -> Any:  # noqa: ARG002 - the seam
        """Do one step."""
        await self._story.wait_for_turn()
        name = f"{do.args['method']} {do.args['url']}"
        found = answer_for(self._story.given.http, str(do.args["method"]), str(do.args["url"]))
        if found is None:
            hint = f"add `http: {{'{name}': {{status: 200, body: …}}}}` to `given`"
            raise StepFailed(StepFailure("http_not_given", f"the case does not say what {name} answers", hint=hint))
        answer = {"status": 200, "headers": {}, "body": None, **found}
        if answer["status"] >= 400:
            data = {"status": answer["status"], "body": answer["body"]}
            raise StepFailed(StepFailure("http_status", f"{name} answered {answer['status']}", status=502, data=data))
        self._story.record_effect(do, answer)
        self._reached(f"http {name}")
        return answer


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
        wanted = rest if rest and word in (method, "*") else key if not rest else None
        if wanted is not None and re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), url, re.DOTALL):
            return given[key]
    return None


class Watched:
    """Lets a story see every call that leaves, whatever its verb."""

    def __init__(self, scenario: Scenario, inner: OutsideHost) -> None:
        """inner: does it."""
        self._story = scenario
        self._inner = inner

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do one step."""
        self._story.performed.append((attempt.run_id, do))
        return await self._inner.perform(do, attempt)


def _answer(given: Any, do: Do) -> Any:
    if isinstance(given, Mapping) and set(given) == {"error"}:
        error = given["error"]
        told = {"code": error} if isinstance(error, str) else error
        code, message = str(told.get("code", "python_error")), str(told.get("message", f"{do.action} failed"))
        raise StepFailed(StepFailure(code, message, status=int(told.get("status", 500))))
    return given


class SimulatedProcess:
    """One process."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        """number: from 1."""
        sandbox = scenario.sandbox
        self.number = number
        crash_point = functools.partial(scenario.crash_point, number)
        self.engine = SteppedEngine(number)
        self.database = CrashableDatabase(sandbox.database, crash_point)
        connector = FakeStripeConnector(scenario.stripe, crash_point, scenario.faults.stripe)
        outbox = Outbox(self.database, SimulatedMailServer(scenario, crash_point), sandbox.clock)
        mails = SimulatedMailHost(sandbox.mails, outbox, sandbox.clock, sender=sandbox.settings.email.sender)
        mails.scenario = scenario
        outside = VerbDispatcher(
            {
                "stripe": TakingTurns(scenario, StripeHost(connector)),
                "select": TakingTurns(scenario, StripeTables(connector)),
                "email": mails,
                "http": SimulatedHttpHost(scenario, crash_point),
                "python": SimulatedPythonHost(scenario, crash_point),
            }
        )
        watched = scenario.wrap(Watched(scenario, outside))
        self.service = RunService(
            self.database, self.engine, sandbox.clock, scenario.library, sandbox.host, watched, LIMITS
        )

    async def begin(self) -> None:
        """Start, and take over what the life before left. May die on the way."""
        await self.service.start()

    async def end(self) -> None:
        """Leave nothing behind in this process."""
        await self.service.stop(0.0)

    async def advance(self, run_id: str) -> None:
        """Advance one run."""
        assert self.engine.advance is not None
        await self.engine.advance(run_id)


class TakingTurns:
    """Waits for its turn before a call leaves: a story decides which of several goes first."""

    def __init__(self, scenario: Scenario, inner: OutsideHost) -> None:
        """inner: does it."""
        self._story = scenario
        self._inner = inner

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do one step."""
        await self._story.wait_for_turn()
        return await self._inner.perform(do, attempt)
