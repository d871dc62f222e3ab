"""A local copy of some of Stripe's resources: listed once a day, kept fresh by events, read by `select`.

The newest state wins, by Stripe's own clock. That clock counts seconds and is not ours, so two states may be too close
to tell apart: such a row is doubtful, and read again. A deleted object leaves a mark, so that a late event cannot bring
it back. Events that never arrived come with the catch-up, and the daily listing repairs what even that missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import StepFailed
from payloom.connectors.stripe.catalog.events import split_type
from payloom.connectors.stripe.catalog.tables import FAMILIES, StripeTable
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.tables import filter_sql
from payloom.connectors.stripe.tables.models import copies, fills
from payloom.db.database import Database
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.json_types import is_map
from payloom.tables.query.results import Row
from payloom.workflows.program.commands import StepFailure

SLACK = 300
"""Seconds by which our clock and Stripe's may differ."""
FILL_AGAIN = dt.timedelta(hours=24)
_PAGE = 100
_BATCH = 500
_GONE = frozenset({"customer.deleted", "invoice.deleted", "price.deleted", "product.deleted"})


class Mirror:
    """The local copy of `resources`."""

    def __init__(
        self, connector: StripeConnector, database: Database, clock: Clock, resources: Collection[str]
    ) -> None:
        """resources: names in the SDK, e.g. `products`; nothing is read before `refresh`."""
        self._connector = connector
        self._database = database
        self._clock = clock
        self.resources = tuple(resources)
        self._by_family = {FAMILIES[resource]: resource for resource in self.resources}

    def is_mirrored(self, resource: str) -> bool:
        """Whether this resource is copied."""
        return resource in self.resources

    # -- reading -----------------------------------------------------------------------------------------------------

    async def select(
        self, table: StripeTable, where: Mapping[str, Any], *, order_by: Sequence[str], limit: int
    ) -> list[Row]:
        """Return the rows that match, newest first unless ordered.

        Raises VerbFailed; StepFailed (`mirror_not_ready`, worth another try) before the first listing is done.
        """
        test = filter_sql.condition(table, where)
        if test is None:
            return []
        copy = copies[table.resource]
        query = sa.select(copy.c.object).where(copy.c.deleted.is_(False))
        customer = where.get("customer")
        if isinstance(customer, str) and "customer" in table.spec.columns:
            query = query.where(copy.c.customer == customer)
        query = query.order_by(copy.c.created.desc(), copy.c.id.desc())

        def work(tx: sa.Connection) -> list[Row] | None:
            if tx.execute(sa.select(fills.c.resource).where(fills.c.resource == table.resource)).first() is None:
                return None
            rows: list[Row] = []
            for row in tx.execute(query).yield_per(_BATCH):
                if test(row.object):
                    rows.append(row.object)
                    if not order_by and len(rows) >= limit:
                        break
            return rows

        rows = await self._database.read(work)
        if rows is None:
            message = f"the copy of {table.resource} is not whole yet: it is being listed"
            raise StepFailed(StepFailure("mirror_not_ready", message, status=503, retryable=True))
        return filter_sql.ordered(table, rows, order_by)[:limit] if order_by else rows

    # -- events ------------------------------------------------------------------------------------------------------

    def apply_event(self, tx: sa.Connection, payload: Mapping[str, Any]) -> None:
        """Within `tx`, which stores an event: lay the state it brings over the copy, if it is a newer one."""
        family, _ = split_type(str(payload.get("type")))
        resource = self._by_family.get(family)
        data: Mapping[str, Any] = payload.get("data") or {}
        stripe_object = data.get("object")
        if resource is None or payload.get("account") or not is_map(stripe_object) or "id" not in stripe_object:
            return
        deleted = payload["type"] in _GONE
        _apply_state(tx, resource, stripe_object, int(payload.get("created") or 0), listed=False, deleted=deleted)

    # -- listing -----------------------------------------------------------------------------------------------------

    async def refresh(self) -> dict[str, int]:
        """List what was never listed, or not for a day; read doubtful rows again. Returns `{resource: changed rows}`.

        Raises StripeStepFailed when Stripe does not answer; what was done by then stays.
        """
        now = self._clock.now()
        query = sa.select(fills.c.resource, fills.c.filled_at)
        done = {row.resource: row.filled_at for row in await self._database.read(lambda tx: tx.execute(query).all())}
        changed: dict[str, int] = {}
        for resource in self.resources:
            if resource not in done or now - done[resource] >= FILL_AGAIN:
                changed[resource] = await self.fill(resource)
        settled = await self.reread_doubtful()
        return changed | {resource: changed.get(resource, 0) + count for resource, count in settled.items()}

    async def fill(self, resource: str) -> int:
        """List a resource from end to end and lay it over the copy; returns how many rows changed."""
        began = self._clock.now()
        extra = {"status": "all"} if resource == "subscriptions" else {}
        listed: set[str] = set()
        changed, after = 0, None
        while True:
            at = to_epoch(self._clock.now())
            paging = {"limit": _PAGE, **({"starting_after": after} if after else {})}
            page = await self._connector.perform(f"{resource}.list", {**extra, **paging})

            def lay(tx: sa.Connection, page: Mapping[str, Any] = page, at: int = at) -> int:
                return sum(_apply_state(tx, resource, item, at, listed=True) for item in page["data"])

            changed += await self._database.write(lay)
            listed.update(item["id"] for item in page["data"])
            if not page.get("has_more") or not page["data"]:
                break
            after = page["data"][-1]["id"]
        changed += await self._database.write(lambda tx: _mark_deleted(tx, resource, listed, to_epoch(began) - SLACK))
        await self._database.write(lambda tx: _record_fill(tx, resource, began, len(listed)))
        return changed

    async def reread_doubtful(self) -> dict[str, int]:
        """Read every doubtful row again; returns how many there were of each resource."""
        settled: dict[str, int] = {}
        for resource in self.resources:
            copy = copies[resource]
            query = sa.select(copy.c.id, copy.c.revision).where(copy.c.doubtful.is_(True)).limit(_BATCH)
            for row in await self._database.read(lambda tx, query=query: tx.execute(query).all()):
                at = to_epoch(self._clock.now())
                fresh = await self._read(resource, row.id)
                await self._database.write(
                    lambda tx, row=row, fresh=fresh, at=at, resource=resource: _store_reread(
                        tx, resource, row.id, row.revision, fresh, at
                    )
                )
                settled[resource] = settled.get(resource, 0) + 1
        return settled

    async def _read(self, resource: str, identity: str) -> Mapping[str, Any] | None:
        """Return the object as it is now; None when it is gone."""
        try:
            stripe_object = await self._connector.perform(f"{resource}.retrieve", {"id": identity})
        except StripeStepFailed as error:
            if error.failure.kind != "resource_missing":
                raise
            return None
        return None if stripe_object.get("deleted") else stripe_object


def _apply_state(
    tx: sa.Connection, resource: str, stripe_object: Mapping[str, Any], at: int, *, listed: bool, deleted: bool = False
) -> bool:
    """Lay one state over the copy; returns whether the row changed."""
    copy = copies[resource]
    row = tx.execute(sa.select(copy).where(copy.c.id == stripe_object["id"]).with_for_update()).one_or_none()
    state = {
        "object": dict(stripe_object), "at": at, "listed": listed, "deleted": deleted,
        "created": int(stripe_object.get("created") or at),
        "customer": stripe_object.get("customer") if isinstance(stripe_object.get("customer"), str) else None,
    }  # fmt: skip
    if row is None:
        tx.execute(sa.insert(copy).values(id=stripe_object["id"], doubtful=False, revision=1, **state))
        return True
    age = _compare(at, row.at, listed=listed, was_listed=row.listed)
    same = row.object == state["object"] and row.deleted == deleted
    if age < 0 or (age == 0 and same):
        return False
    values: dict[str, Any] = {"doubtful": False, **state}
    if age == 0 and not deleted:
        # Too close to tell: what is here stays if it seems newer, and Stripe is asked.
        values = {"doubtful": True, **({} if row.deleted or at < row.at else state)}
    tx.execute(sa.update(copy).where(copy.c.id == row.id).values(revision=row.revision + 1, **values))
    return not same


def _compare(at: int, before: int, *, listed: bool, was_listed: bool) -> int:
    """Return 1 if a state of `at` is newer than one of `before`, -1 if it is older, 0 if the order is unknown.

    Events have timestamps of Stripe's clock, in seconds; listed objects have timestamps of our clock.
    """
    if listed and was_listed:
        return 1 if at >= before else -1
    slack = 0 if listed == was_listed else SLACK
    return 1 if at > before + slack else -1 if at < before - slack else 0


def _store_reread(  # noqa: PLR0917 - one place calls it
    tx: sa.Connection, resource: str, identity: str, revision: int, fresh: Mapping[str, Any] | None, at: int
) -> None:
    """Store what was read, unless the row has changed since: then it is read again."""
    copy = copies[resource]
    values: dict[str, Any] = {"doubtful": False, "listed": True, "revision": revision + 1, "at": at}
    if fresh is None:
        values["deleted"] = True
    else:
        values |= {"object": dict(fresh), "deleted": False}
    tx.execute(sa.update(copy).where(copy.c.id == identity, copy.c.revision == revision).values(values))


def _mark_deleted(tx: sa.Connection, resource: str, listed: Collection[str], before: int) -> int:
    """Mark rows that a whole listing did not show, unless they are newer than it."""
    copy = copies[resource]
    query = sa.select(copy.c.id).where(copy.c.deleted.is_(False), copy.c.at < before)
    vanished = [identity for identity in tx.execute(query).scalars() if identity not in listed]
    for start in range(0, len(vanished), _BATCH):
        part = vanished[start : start + _BATCH]
        tx.execute(sa.update(copy).where(copy.c.id.in_(part)).values(deleted=True, revision=copy.c.revision + 1))
    return len(vanished)


def _record_fill(tx: sa.Connection, resource: str, at: dt.datetime, count: int) -> None:
    values = {"filled_at": at, "count": count}
    if tx.execute(sa.update(fills).where(fills.c.resource == resource).values(values)).rowcount == 0:
        tx.execute(sa.insert(fills).values(resource=resource, **values))
