"""Workers and databases as queues with service times, and events that come at random.

It says where a topology is full, and what a busy account does to it. It says nothing of how one machine behaves: locks,
caches, vacuums, and disks are not in it.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import random
from collections.abc import Iterator, Sequence

from scale.cost import Cost

SECONDS = 5.0
_ACKNOWLEDGE, _STORE, _ADVANCE, _WRITE = range(4)
"""The four stages of an event: two on a worker, each followed by one on its database."""


@dataclasses.dataclass(frozen=True)
class Topology:
    """Databases, and the workers and cores of each. accounts: how many share the events; the largest has the most."""

    databases: int
    workers: int
    cores: int
    accounts: int = 10_000


@dataclasses.dataclass(frozen=True)
class Outcome:
    """p50, p99: milliseconds to the acknowledgement. done: fulfilments per second while events came.

    worker, database: the part of the time that the busiest of each kind worked.
    """

    p50: float
    p99: float
    done: float
    worker: float
    database: float


class _Server:
    """A worker (one core, acknowledgements first) or a database."""

    def __init__(self, cores: int) -> None:
        self.free = cores
        self.cores = cores
        self.waiting: list[tuple[int, int, tuple[int, float]]] = []
        self.busy = 0.0


def simulate(cost: Cost, topology: Topology, rate: float, seed: int = 1) -> Outcome:
    """Offer `rate` events a second for SECONDS."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    split = cost.acknowledge / (cost.acknowledge + cost.advance)
    times = (cost.acknowledge, cost.database * split, cost.advance, cost.database * (1 - split))
    databases = [_Server(topology.cores) for _ in range(topology.databases)]
    workers = [[_Server(1) for _ in range(topology.workers)] for _ in databases]
    numbers = itertools.count()
    clock: list[tuple[float, int, int, int, int, _Server | None]] = []
    arrivals: list[tuple[float, int, int]] = []
    for moment, account in _arrivals(rate, topology.accounts, chance):
        database = hash_of(account) % topology.databases
        arrivals.append((moment, database, chance.randrange(topology.workers)))
        heapq.heappush(clock, (moment, next(numbers), len(arrivals) - 1, _ACKNOWLEDGE, 0, None))
    acknowledged: list[float] = []
    done = 0

    def begin(server: _Server, now: float, number: int, stage: int) -> None:
        lasts = chance.expovariate(1000 / times[stage])
        server.free -= 1
        server.busy += max(0.0, min(lasts, SECONDS - now))
        heapq.heappush(clock, (now + lasts, next(numbers), number, stage, 1, server))

    while clock:
        now, _, number, stage, ended, server = heapq.heappop(clock)
        _, database, worker = arrivals[number]
        if ended:
            assert server is not None
            server.free += 1
            if server.waiting:
                following, _, (waiting, _) = heapq.heappop(server.waiting)
                begin(server, now, waiting, following)
            if stage == _STORE:
                acknowledged.append(now - arrivals[number][0])
            if stage == _WRITE:
                done += now <= SECONDS
                continue
            stage += 1
        if now > 4 * SECONDS:
            break  # far from done: the topology is full
        at = databases[database] if stage in (_STORE, _WRITE) else workers[database][worker]
        if at.free:
            begin(at, now, number, stage)
        else:
            heapq.heappush(at.waiting, (stage, next(numbers), (number, now)))
    acknowledged.sort()
    return Outcome(
        _percentile(acknowledged, len(arrivals), 0.5) * 1000,
        _percentile(acknowledged, len(arrivals), 0.99) * 1000,
        done / SECONDS,
        max(server.busy for group in workers for server in group) / SECONDS,
        max(server.busy / server.cores for server in databases) / SECONDS,
    )


def hash_of(account: int) -> int:
    """Return a number that says nothing of the account's place; the same in each process."""
    return (account * 2_654_435_761) % 2**32 >> 8


def _arrivals(rate: float, accounts: int, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Yield when each event comes and whose it is: a few accounts have many (as 1, 1/2, 1/3, …)."""
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(accounts)))
    names, moment = range(accounts), 0.0
    while (moment := moment + chance.expovariate(rate)) < SECONDS:
        yield moment, chance.choices(names, cum_weights=weights)[0]


def _percentile(values: Sequence[float], out_of: int, part: float) -> float:
    """Return a percentile of sorted values, of which some never came."""
    place = math.ceil(out_of * part) - 1
    return values[place] if place < len(values) else math.inf
