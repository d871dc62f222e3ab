"""One process of a scenario: the real runs code over simulated connections. It can be killed at any boundary."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from payloom.connectors.dispatch import VerbDispatcher
from payloom.connectors.email.host import EmailHost
from payloom.connectors.port import Attempt, OutsideHost
from payloom.connectors.python.host import PythonHost
from payloom.connectors.stripe.step_host import StripeHost
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.email.errors import DeliveryUnknown, MailDelayed, MailRefused
from payloom.email.message import Mail
from payloom.email.outbox import Outbox
from payloom.kit.json_types import is_list, is_map
from payloom.runs.service import RunService
from payloom.sandbox.database import CrashableDatabase
from payloom.sandbox.engine import process_engine
from payloom.sandbox.host import MockedFunctions, MockedHttp, PerformedBy, SimulatedHost
from payloom.sandbox.project import CoverageLibrary, SandboxProject
from payloom.sandbox.rolled_back import SANDBOX_LIMITS
from payloom.sandbox.scenario.faults import FaultPlan
from payloom.sandbox.scenario.initial_state import InitialState
from payloom.sandbox.stripe.sandbox_stripe import SandboxStripe, SandboxStripeConnector
from payloom.workflows.program.commands import Do


class ProcessKilled(BaseException):
    """The process was killed. Not an Exception: only the scenario catches it."""


@dataclasses.dataclass(slots=True)
class Effect:
    """What a web address or a Python function was asked to do, once per idempotency key."""

    verb: str
    action: str
    args: Mapping[str, Any]
    value: Any


def with_named_secrets(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's arguments with the names of its secrets in the places of the marks, which are new each time."""
    secrets: Mapping[str, str] = args.get("secrets") or {}
    names = {mark: f"secrets.{name}" for mark, name in secrets.items()}

    def named(value: Any) -> Any:
        if isinstance(value, str):
            for mark, name in names.items():
                value = value.replace(mark, name)
            return value
        if is_map(value):
            return {key: named(item) for key, item in value.items()}
        return [named(item) for item in value] if is_list(value) else value

    return {key: named(value) for key, value in args.items() if key != "secrets"}


class ScenarioObserver(Protocol):
    """What a process needs of its scenario: the state that outlives it, and where it waits and can be killed."""

    sandbox: SandboxProject
    given: InitialState
    faults: FaultPlan
    library: CoverageLibrary
    stripe: SandboxStripe
    sent: list[Mail]
    mail_data: dict[str, Mapping[str, Any]]
    performed: list[tuple[str, Do]]
    wrap: Callable[[OutsideHost], OutsideHost]

    def crash_point(self, process_number: int, label: str) -> None:
        """Mark a boundary; raises ProcessKilled if the process is killed there."""
        ...

    async def wait_for_turn(self) -> None:
        """Wait until the scenario lets a call proceed."""
        ...

    def record_effect(self, do: Do, value: Any) -> None:
        """Record what a web address or a function did, once per key."""
        ...


class SimulatedMailServer:
    """The mail server of a scenario: the Transport of its outboxes."""

    def __init__(self, scenario: ScenarioObserver, crash_point: Callable[[str], None]) -> None:
        """crash_point: marks a boundary of the process."""
        self._scenario = scenario
        self._crash_point = crash_point

    async def send(self, mail: Mail) -> None:
        """Take a mail, or fail as the scenario's faults say. Raises MailRefused, MailDelayed, DeliveryUnknown."""
        await self._scenario.wait_for_turn()
        fault = self._scenario.faults.mail(mail.key)
        if fault == "refused":
            raise MailRefused("the mail server refused the mail")
        if fault == "busy":
            raise MailDelayed("the mail server is busy")
        self._scenario.sent.append(mail)
        self._crash_point("mail")
        if fault == "lost":
            raise DeliveryUnknown("the connection broke")


class RecordingHost:
    """Records every step that leaves the process, and what the templates of mails are given."""

    def __init__(self, scenario: ScenarioObserver, inner: OutsideHost) -> None:
        """inner: performs the steps."""
        self._scenario = scenario
        self._inner = inner

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Perform one step."""
        self._scenario.performed.append((attempt.run_id, do))
        if do.verb == "email":
            self._scenario.mail_data[do.key] = do.args.get("data") or {}
        return await self._inner.perform(do, attempt)


class SimulatedProcess:
    """One process of a scenario."""

    def __init__(self, scenario: ScenarioObserver, number: int) -> None:
        """number: from 1."""
        sandbox = scenario.sandbox
        self.number = number
        crash_point = functools.partial(scenario.crash_point, number)
        self.engine = process_engine(number)
        self.database = CrashableDatabase(sandbox.database, crash_point)
        recording = RecordingHost(scenario, _outside(scenario, self.database, crash_point))
        self.service = RunService(
            self.database,
            self.engine,
            sandbox.clock,
            scenario.library,
            sandbox.host,
            scenario.wrap(recording),
            SANDBOX_LIMITS,
        )

    async def begin(self) -> None:
        """Start, and take over the runs of the processes before. Raises ProcessKilled if it is killed on the way."""
        await self.service.start()

    async def end(self) -> None:
        """Stop at once."""
        await self.service.stop(0.0)

    async def advance(self, run_id: str) -> None:
        """Advance one run."""
        await self.engine.advance(run_id)


def _outside(
    scenario: ScenarioObserver, database: CrashableDatabase, crash_point: Callable[[str], None]
) -> VerbDispatcher:
    """Return what performs a process's steps: real hosts over simulated connections; mocks come before functions."""
    sandbox, given = scenario.sandbox, scenario.given
    connector = SandboxStripeConnector(scenario.stripe, crash_point, scenario.faults.stripe)
    outbox = Outbox(database, SimulatedMailServer(scenario, crash_point), sandbox.clock)

    def effect(do: Do, value: Any) -> None:
        scenario.record_effect(do, value)
        name = f"{do.args['method']} {do.args['url']}" if do.verb == "http" else do.action
        crash_point(f"{do.verb} {name}")

    turn = scenario.wait_for_turn
    functions = PerformedBy(PythonHost(sandbox.project.functions))
    return VerbDispatcher(
        {
            "stripe": SimulatedHost(PerformedBy(StripeHost(connector)), before=turn),
            "select": SimulatedHost(PerformedBy(StripeTables(connector)), before=turn),
            "email": EmailHost(sandbox.mails, outbox, sandbox.clock, sender=sandbox.settings.email.sender),
            "http": SimulatedHost(MockedHttp(given.http), before=turn, after=effect),
            "python": SimulatedHost(MockedFunctions(given.python), functions, before=turn, after=effect),
        }
    )
