"""Plays a deployment on one machine: two servers and two workers on one Postgres, behind a proxy, under load.

    make topology

Each phase does what operators do, or what happens to them. Customers order and pay all the time. At the end, each order
that was acknowledged and each payment must have had its effects once. Prints a table, and fails if anything is lost.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import psycopg
from tests.support.http_server import write_project
from tests.support.ports import free_port
from tests.support.postgres import fresh_database, server, tools, trust_the_machine
from tests.support.processes.rehearsal import SECRET, staging
from tests.topology.processes import Part, wait_until
from tests.topology.small_proxy import SmallProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TABLES = """\
tables:
  orders:
    columns:
      id: string primary
      stamped: bool = false
  payments:
    columns:
      id: string primary
      refunded: int = 0
"""
ORDER = """\
name: Order
description: Takes an order, and stamps it in a step of its own.
on: {api: POST /orders, auth: none, dedupe: "${{ inputs.id }}", rate_limit: 100000/m}
input: {id: string}
steps:
  - insert: orders
    values: {id: "${{ inputs.id }}"}
  - respond: {version: VERSION}
  - wait: 50ms
  - update: orders
    where: {id: "${{ inputs.id }}", stamped: false}
    set: {stamped: true}
"""
PAID = """\
name: Paid
description: Gives ten cents of each payment back.
on: {stripe: payment_intent, actions: [succeeded]}
steps:
  - insert: payments
    values: {id: "${{ object.id }}"}
  - id: back
    stripe: refunds.create
    with: {payment_intent: "${{ object.id }}", amount: 10}
  - update: payments
    where: {id: "${{ object.id }}"}
    set: {refunded: "${{ back.amount }}"}
"""


@dataclasses.dataclass(slots=True)
class Row:
    """A line of the table: what a phase saw at the proxy."""

    phase: str
    seconds: float
    requests: int
    server_errors: int
    tried_again: int


class Customers:
    """One orders through the proxy, another pays at Stripe, until they are told to stop."""

    def __init__(self, proxy: str, stripe: str, key: str, pause: float) -> None:
        self._shop = httpx.Client(base_url=proxy, timeout=60)
        self._stripe = httpx.Client(base_url=stripe, headers={"authorization": f"Bearer {key}"}, timeout=60)
        self._pause = pause
        self.orders: list[str] = []
        self.paid: list[str] = []
        self.versions: Counter[str] = Counter()
        self.tried_again = 0
        self.problems: list[BaseException] = []
        self._stop_orders, self._stop = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self._order, self._pay)]

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:  # noqa: BLE001 - the rehearsal raises it
            self.problems.append(problem)

    def _order(self) -> None:
        while not self._stop_orders.wait(self._pause):
            name = f"order_{len(self.orders)}"
            while True:  # as a browser: it tries again until it knows
                try:
                    answer = self._shop.post("/api/orders", json={"id": name})
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    break
                assert answer is None or answer.status_code >= 500, answer.text
                self.tried_again += 1
                time.sleep(0.2)
            self.orders.append(name)
            self.versions[str(answer.json().get("version"))] += 1

    def _pay(self) -> None:
        form = {"amount": 500, "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
        form |= {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
        while not self._stop.wait(self._pause):
            answer = self._stripe.post("/v1/payment_intents", data=form)
            assert answer.status_code == 200, answer.text
            self.paid.append(answer.json()["id"])

    def refunds(self) -> Counter[str]:
        """Return how many refunds each payment has."""
        refunds: list[dict[str, Any]] = []
        while True:
            after = {"starting_after": refunds[-1]["id"]} if refunds else {}
            page = self._stripe.get("/v1/refunds", params={"limit": 100, **after}).json()
            refunds += page["data"]
            if not page["has_more"]:
                return Counter(refund["payment_intent"] for refund in refunds)

    def until_more(self, count: int = 5) -> None:
        """Return after further orders and payments."""
        orders, paid = len(self.orders), len(self.paid)
        ordering = not self._stop_orders.is_set()

        def more() -> bool:
            assert not self.problems, self.problems
            return len(self.paid) >= paid + count and (not ordering or len(self.orders) >= orders + count)

        wait_until("more orders and payments", more)

    def stop_ordering(self) -> None:
        """Let nobody order any more."""
        self._stop_orders.set()
        self._threads[0].join(90)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Let nobody order or pay any more."""
        self._stop_orders.set()
        self._stop.set()
        for thread in self._threads:
            thread.join(90)
        assert not self.problems, self.problems

    def __exit__(self, *_: object) -> None:
        self._stop_orders.set()
        self._stop.set()
        for thread in self._threads:
            thread.join(90)
        self._shop.close()
        self._stripe.close()


class Deployment:
    """All parts, and what happens to them."""

    def __init__(
        self, folder: Path, postgres: str, database: str, stack: contextlib.ExitStack, hosts: Sequence[str] = ()
    ) -> None:
        """hosts: names, beside this machine's own, by which the local Stripe is reached."""
        self.folder, self._postgres, self._stack = folder, postgres, stack
        self.versions = [
            write_project(
                folder / f"version{number}" / "shop",
                {
                    "tables.yaml": TABLES if number == 1 else TABLES + "      note?: string\n",
                    "workflows/order.yaml": ORDER.replace("VERSION", f'"{number}"'),
                    "workflows/paid.yaml": PAID,
                },
            )
            for number in (1, 2)
        ]
        self.project = self.versions[0]
        stripe_port, ports = free_port(), [free_port(), free_port()]
        self.proxy = SmallProxy(ports)
        self.variables = staging(
            PATH=f"{tools()}{os.pathsep}{os.environ['PATH']}",
            PAYLOOM_DATABASE_URL=database,
            STRIPE_API_BASE=f"http://127.0.0.1:{stripe_port}",
            PAYLOOM_ADMIN_TOKEN="a-long-admin-token-of-the-rehearsal",
        )
        emulator = ["-m", "payloom_emulator", "--port", str(stripe_port), "--webhook-secret", SECRET]
        emulator += ["--webhook-url", f"{self.proxy.url}/api/stripe/webhook"]
        emulator += [word for host in hosts for word in ("--allow-host", host)]
        self.stripe = Part("stripe", folder, emulator, self.variables, stripe_port)
        self.servers = [
            Part(f"server{number}", folder, self._serve(port), self.variables, port)
            for number, port in enumerate(ports, 1)
        ]
        self.workers = [Part(f"worker{number}", folder, self.work_words(), self.variables) for number in (1, 2)]
        self.customers = Customers(
            self.proxy.url, self.variables["STRIPE_API_BASE"], self.variables["STRIPE_SECRET_KEY"], 0.25
        )

    def _serve(self, port: int) -> list[str]:
        return ["-m", "payloom", "serve", "-C", str(self.project), "--no-work", "--drain", "2", "--port", str(port)]

    def work_words(self) -> list[str]:
        """Return the words that start a worker."""
        return ["-m", "payloom", "worker", "-C", str(self.project)]

    def payloom(self, *words: str) -> str:
        """Run a command in the project; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "payloom", *words, "-C", str(self.project)],
            env=self.variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        """Start everything."""
        self._stack.callback(self.stop_all)
        self.stripe.start()
        self.payloom("migrate")
        for part in (*self.servers, *self.workers):
            part.start()
        for part in (self.stripe, *self.servers, *self.workers):
            part.wait_ready()
        self.proxy.start()
        self._stack.callback(self.proxy.stop)
        self._stack.enter_context(self.customers)

    def stop_all(self) -> None:
        """End every process."""
        for part in (*self.servers, *self.workers, self.stripe):
            part.kill()

    # -- phases ------------------------------------------------------------------------------------------------------

    def steady(self) -> None:
        """Nothing happens."""
        self.customers.until_more()

    def rolling_upgrade(self) -> None:
        """Migrate, then replace one server after the other, then the workers: the new project has a new column."""
        self.project = self.versions[1]
        self.payloom("migrate")
        for part in (*self.servers, *self.workers):
            self.customers.until_more(2)
            part.stop()
            part.start(self._serve(part.port) if part.port else self.work_words())
            part.wait_ready()
        self.customers.until_more()
        assert self.customers.versions["2"] > 0

    def worker_killed(self) -> None:
        """A worker dies; the other one takes its runs over."""
        self.workers[0].kill()
        self.customers.until_more()
        self.workers[0].start()
        self.workers[0].wait_ready()

    def server_killed(self) -> None:
        """A server dies with the requests that it has; their callers try again."""
        self.servers[0].kill()
        self.customers.until_more()
        self.servers[0].start()
        self.servers[0].wait_ready()

    def connections_lost(self) -> None:
        """The database ends all connections, as at a failover."""
        with psycopg.connect(self._postgres, autocommit=True) as database:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'payloom'"
            )
        self.customers.until_more()

    def restored(self) -> None:
        """A backup is taken, the database is lost with all processes, and others start on the restored one."""
        self.customers.stop_ordering()
        self.settle(orders=True)
        backup = self.payloom("backup", str(self.folder / "backups")).splitlines()[0]
        self.customers.until_more()
        for part in (*self.servers, *self.workers):
            part.kill()
        self.variables["PAYLOOM_DATABASE_URL"] = self._stack.enter_context(fresh_database(self._postgres))
        self.payloom("restore", backup)
        for part in (*self.servers, *self.workers):
            part.replace_variables(self.variables)
            part.start()
        for part in (*self.servers, *self.workers):
            part.wait_ready()
        # The workers ask Stripe by themselves for what came in between.
        self.customers.until_more()

    # -- the end -----------------------------------------------------------------------------------------------------

    def settle(self, *, orders: bool = False) -> None:
        """Wait until what was acknowledged has had its effects."""
        wait_until("the orders are stamped", lambda: self._stamped() >= set(self.customers.orders))
        if not orders:
            paid = set(self.customers.paid)
            self._wait_for_payments("the payments are refunded", lambda: paid - set(self.customers.refunds()))
            self._wait_for_payments("the refunds are noted", lambda: paid - self._noted())

    def _wait_for_payments(self, description: str, missing: Callable[[], set[str]]) -> None:
        """Wait until no payment is missing; say what became of those that are."""
        try:
            wait_until(description, lambda: not missing(), SETTLE_WITHIN)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self._whereabouts(missing())}") from None

    def _whereabouts(self, payments: set[str]) -> str:
        """Return what Stripe and the database know of payments: deliveries, runs, steps."""
        query = """
            SELECT e.object_id, r.id, r.status, r.failure, s.path, s.status, s.attempts, s.retry_at FROM payloom_events e
            LEFT JOIN payloom_runs r ON r.event_id = e.id LEFT JOIN payloom_steps s ON s.run_id = r.id
            WHERE e.type = 'payment_intent.succeeded' AND e.object_id = ANY(%s)"""
        with psycopg.connect(self.variables["PAYLOOM_DATABASE_URL"]) as database:
            rows = database.execute(query, [sorted(payments)]).fetchall()
        deliveries = httpx.get(f"{self.variables['STRIPE_API_BASE']}/_emulator/deliveries", params={"limit": 100}).text
        return f"missing: {sorted(payments)}\nin the database: {rows}\nthe last deliveries: {deliveries[:4000]}"

    def _stamped(self) -> set[str]:
        return self._ids("SELECT id FROM orders WHERE stamped")

    def _noted(self) -> set[str]:
        return self._ids("SELECT id FROM payments WHERE refunded = 10")

    def _ids(self, query: str) -> set[str]:
        with psycopg.connect(self.variables["PAYLOOM_DATABASE_URL"]) as database:
            return {row[0] for row in database.execute(query)}  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own


SETTLE_WITHIN = 400.0
"""Seconds until everything has had its effects: the local Stripe tries a delivery again after 1, 5, 30 and 300 s."""
MAY_FAIL = frozenset({"server_killed", "connections_lost", "restored"})
"""Phases in which a request that was under way can end with a 5xx; its caller tries again."""
SHORT = ("steady", "rolling_upgrade", "worker_killed")
ALL = (*SHORT, "server_killed", "connections_lost", "restored")


def play(folder: Path, postgres: str, phases: tuple[str, ...], stack: contextlib.ExitStack) -> Iterator[Row]:
    """Play the phases on a Postgres, yield a row after each; raises AssertionError if anything is lost or doubled."""
    database = stack.enter_context(fresh_database(postgres))
    deployment = Deployment(folder, postgres, database, stack)
    deployment.start()
    customers, responses = deployment.customers, deployment.proxy.responses
    for phase in phases:
        before, again, began = Counter(responses), customers.tried_again, time.monotonic()
        getattr(deployment, phase)()
        during = responses - before
        errors = sum(count for status, count in during.items() if status >= 500)
        yield Row(phase, time.monotonic() - began, during.total(), errors, customers.tried_again - again)
        assert not errors or phase in MAY_FAIL, (phase, during)
    customers.stop()
    deployment.settle()
    assert set(customers.refunds().values()) == {1}, "one refund of each payment"
    yield Row("orders, payments: each once", 0, len(customers.orders) + len(customers.paid), 0, 0)


def main() -> int:
    """Play all phases, or those that are named, and print the table."""
    phases = tuple(sys.argv[1:]) or ALL
    warnings.simplefilter("ignore")
    with (
        tempfile.TemporaryDirectory(prefix="payloom-topology-") as folder,
        server(Path(folder) / "postgres") as postgres,
        contextlib.ExitStack() as stack,
    ):
        trust_the_machine(postgres)
        print(f"{'phase':<28} {'seconds':>8} {'requests':>9} {'5xx':>5} {'tried again':>12}", flush=True)
        for row in play(Path(folder), postgres, phases, stack):
            numbers = f"{row.seconds:>8.1f} {row.requests:>9} {row.server_errors:>5} {row.tried_again:>12}"
            print(f"{row.phase:<28} {numbers}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
