"""One unit of work: what a request or a timer reads and changes. All of it is kept, with its events, or nothing.

Handlers change objects only through `create`, `change`, `transition` and `delete`; these keep the machine's table, the
time, the identifiers and the events right.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, TypeVar, cast

from payloom_emulator.core import differences, events
from payloom_emulator.core.errors import ImpossibleTransition
from payloom_emulator.core.paging import page_of
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.environment import Environment
    from payloom_emulator.core.schemas.schema import Schema
    from payloom_emulator.core.store import Store
    from payloom_emulator.kit.json import JsonObject, ListOf
    from payloom_emulator.kit.kind import Kind
    from payloom_emulator.objects.webhooks import Event

# What an object of the kind at hand holds.
T = TypeVar("T")
Obj = TypeVar("Obj", bound="Mapping[str, object]")


class UnitOfWork:
    """The reads and changes of one request or timer."""

    def __init__(
        self,
        environment: Environment,
        account: str,
        *,
        now: int | None = None,
        test_clock: str | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Begin for `account` at `now` (the environment's time by default)."""
        self.environment = environment
        self.account = account
        self.now = environment.clock.now() if now is None else now
        self.test_clock = test_clock
        self.request_id, self.idempotency_key = request_id, idempotency_key
        self._objects: dict[str, dict[str, object]] = {}
        self._gone: set[str] = set()
        self._links: dict[str, dict[str, str]] = {}
        self._dirty: dict[str, None] = {}
        self._last: list[tuple[str, Mapping[str, object]]] = []

    @property
    def store(self) -> Store:
        """The store everything goes to."""
        return self.environment.store

    # --- reading -------------------------------------------------------------------------------------------------

    def find(self, kind: Kind[T], object_id: str | None, *, deleted: bool = False) -> T | None:
        """Return the object, or None when there is none of this kind (or it was deleted and `deleted` is False)."""
        if not object_id:
            return None
        body = self._objects.get(object_id)
        if body is None:
            row = self.store.read(self.account, object_id)
            if row is None:
                return None
            body, deleted_before = row
            self._remember(body)
            if deleted_before:
                self._gone.add(object_id)
        if body["object"] != kind or (object_id in self._gone and not deleted):
            return None
        return cast("T", body)

    def get(self, kind: Kind[T], object_id: str | None, param: str | None = None) -> T:
        """Return the object or raise `resource_missing`: 400 naming `param`, or 404 when it came from the URL."""
        body = self.find(kind, object_id)
        if body is None:
            body = cast("T | None", self.environment.builtin(self, kind, str(object_id)))
        if body is None:
            raise missing(kind, str(object_id), param=param or "id", status=400 if param else 404)
        return body

    def find_any(self, object_id: str | None) -> dict[str, object] | None:
        """Return whatever object has this id, also a deleted one."""
        if object_id is None:
            return None
        body = self._objects.get(object_id)
        if body is None:
            row = self.store.read(self.account, object_id)
            if row is None:
                return None
            body = row[0]
            self._remember(body)
            if row[1]:
                self._gone.add(object_id)
        return body

    def is_taken(self, object_id: str) -> bool:
        """Return whether an object has this id. The id of a deleted one can be given again."""
        return self.find_any(object_id) is not None and object_id not in self._gone

    def is_deleted(self, object_id: str) -> bool:
        """Return whether an object that was read has been deleted."""
        return object_id in self._gone

    def list(
        self, kind: Kind[T], *, oldest_first: bool = False, limit: int | None = None, **filters: object
    ) -> list[T]:
        """Return the objects whose filterable fields have these values, newest first."""
        return self.list_by(kind, filters, oldest_first=oldest_first, limit=limit)

    def list_by(
        self, kind: Kind[T], filters: Mapping[str, object], *, oldest_first: bool = False, limit: int | None = None
    ) -> list[T]:
        """Return the objects whose filterable fields have the values of `filters`, newest first."""
        self.flush()
        values = {name: _text(value) for name, value in filters.items() if value is not None}
        rows = self.store.select(self.account, kind, values, oldest_first=oldest_first, limit=limit)
        return [cast("T", self.attach(row)) for row in rows]

    def page(
        self, kind: Kind[T], filters: Mapping[str, object], params: Mapping[str, object], *, url: str
    ) -> ListOf[T]:
        """Return `{object: "list", data, has_more, url}` as the paging parameters in `params` ask."""
        self.flush()
        filled = {k: _text(v) for k, v in filters.items() if v is not None}
        rows, has_more = page_of(self.store, self.account, kind, filled, params)
        data = [cast("T", self.attach(row)) for row in rows]
        return {"object": "list", "data": data, "has_more": has_more, "url": url}

    def attach(self, row: dict[str, object]) -> dict[str, object]:
        """Return the unit's own copy of a row that was just read."""
        return self._objects.get(str(row["id"])) or self._remember(row)

    def _remember(self, body: dict[str, object]) -> dict[str, object]:
        object_id = str(body["id"])
        self._objects[object_id] = body
        schema = self.environment.find_schema(str(body["object"]))
        if schema is not None:
            self._links[object_id] = schema.links(body)
        return body

    # --- changing ------------------------------------------------------------------------------------------------

    def blank(self, kind: Kind[T]) -> T:
        """Return an object with the declared defaults. It is not stored and has no id."""
        return cast("T", self.environment.schema(kind).skeleton())

    def new_id(self, object_name: str) -> str:
        """Return a new identifier for an object of this kind."""
        schema = self.environment.schema(object_name)
        return self.environment.ids.new(schema.prefix, schema.id_length)

    def create(
        self, kind: Kind[T], values: Mapping[str, object] | None = None, *, emits: tuple[str, ...] | None = None
    ) -> T:
        """Store a new object: the declared fields, `values` over them, an id and the time. Emits `on_create`.

        emits: other events than the declared ones (() for none).
        """
        schema = self.environment.schema(kind)
        body = schema.skeleton()
        body.update(values or {})
        if not body.get("id"):
            body["id"] = self.environment.ids.new(schema.prefix, schema.id_length)
        if schema.has_created and body.get("created") is None:
            body["created"] = self.now
        if schema.has_livemode:
            body.setdefault("livemode", False)
        machine = schema.machine
        if machine is not None and body.get(machine.field) not in machine.initial:
            raise ImpossibleTransition(f"A {schema.object} does not begin {body.get(machine.field)!r}.")
        links = schema.links(body)
        try:
            self.store.insert(self.account, body, links)
        except sqlite3.IntegrityError:
            if not self._forget_deleted(str(body["id"])):
                raise invalid(f"{body['id']} already exists.", "id", "resource_already_exists") from None
            self.store.insert(self.account, body, links)
        object_id = str(body["id"])
        self._objects[object_id] = body
        self._links[object_id] = links
        for event_type in schema.on_create if emits is None else emits:
            self.emit(event_type, body)
        return cast("T", body)

    def _forget_deleted(self, object_id: str) -> bool:
        """Make room for an object whose id a deleted one had. Returns False when the id is in use."""
        before = self.find_any(object_id)
        if before is None or object_id not in self._gone:
            return False
        self.flush()
        self.store.remove(self.account, object_id, str(before["object"]), self._links.pop(object_id, {}))
        del self._objects[object_id]
        self._gone.discard(object_id)
        return True

    def change(
        self, obj: Obj, changes: Mapping[str, object] | None = None, *, emits: tuple[str, ...] | None = None
    ) -> Obj:
        """Apply `changes` (whole new values by field name). Emits `on_update`, or `emits`, only if anything changed."""
        schema = self._schema(obj)
        changes = changes or {}
        machine = schema.machine
        if machine is not None and changes.get(machine.field, obj.get(machine.field)) != obj.get(machine.field):
            raise ImpossibleTransition(
                f"The {machine.field} of a {schema.object} changes by a transition, not by hand."
            )
        previous = self._apply(obj, changes)
        if previous:
            for event_type in schema.on_update if emits is None else emits:
                self.emit(event_type, obj, previous)
        return obj

    def transition(
        self, obj: Obj, name: str, changes: Mapping[str, object] | None = None, *, emits: tuple[str, ...] | None = None
    ) -> Obj:
        """Make the transition `name` of the object's machine, with `changes`, and emit its events (or `emits`)."""
        schema = self._schema(obj)
        assert schema.machine is not None
        field = schema.machine.field
        transition = schema.machine.find(name, str(obj[field]))
        previous = self._apply(obj, {**(changes or {}), field: transition.target})
        for event_type in transition.emits if emits is None else emits:
            self.emit(event_type, obj, previous)
        return obj

    def _apply(self, target: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
        obj = cast("dict[str, object]", target)
        object_id = str(obj["id"])
        own = self._objects.setdefault(object_id, obj)
        before = {name: own.get(name) for name in changes}
        previous = differences.difference(before, dict(changes))
        own.update(changes)
        if own is not obj:
            obj.update(changes)
        self._dirty[object_id] = None
        return previous

    def delete(self, obj: Mapping[str, object], *, emits: tuple[str, ...] | None = None) -> JsonObject:
        """Delete the object. Emits `on_delete`. Returns Stripe's `{id, object, deleted: true}`."""
        schema, object_id = self._schema(obj), str(obj["id"])
        self._gone.add(object_id)
        self._dirty[object_id] = None
        for event_type in schema.on_delete if emits is None else emits:
            self.emit(event_type, obj)
        return {"id": object_id, "object": schema.object, "deleted": True}

    def _schema(self, obj: Mapping[str, object]) -> Schema:
        return self.environment.schema(str(obj["object"]))

    def emit(self, event_type: str, obj: Mapping[str, object], previous: Mapping[str, object] | None = None) -> Event:
        """Make one event about `obj` as it is now, and run what reacts to events of this type.

        One about a connected account is that account's.
        """
        event = events.make(
            self.environment,
            event_type,
            self.snapshot(obj),
            previous,
            account=str(obj["id"]) if obj["object"] == "account" else self.account,
            now=self.now,
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
        )
        self.publish(event_type, obj)
        return event

    def publish(self, fact: str, obj: Mapping[str, object], **details: object) -> None:
        """Run what the declarations say reacts to `fact` about `obj`, in this unit of work and in declared order."""
        for react in self.environment.subscribers(fact):
            react(self, obj, **details)

    def snapshot(self, obj: Mapping[str, object]) -> dict[str, object]:
        """Return a copy of the object as an event shows it: nothing private, nothing that needs expanding."""
        schema = self.environment.find_schema(str(obj["object"]))
        hidden = schema.hidden if schema else ()
        return {
            k: public_copy(v) if type(v) in _NESTED else v for k, v in obj.items() if k[:1] != "_" and k not in hidden
        }

    # --- time ----------------------------------------------------------------------------------------------------

    def schedule(self, name: str, obj: Mapping[str, object], at: int) -> None:
        """Run the resource's timer `name` on `obj` when its clock reaches `at`; replaces an earlier plan."""
        self.store.query(
            "INSERT OR REPLACE INTO timers (account, object, object_id, name, clock, due) VALUES (?, ?, ?, ?, ?, ?)",
            (self.account, obj["object"], obj["id"], name, self.test_clock or "", int(at)),
        )
        if not self.test_clock:
            self.environment.timer_added(int(at))

    def schedule_real_time(self, name: str, obj: Mapping[str, object], seconds: int = 0) -> None:
        """Run a timer `seconds` from now by the emulator's clock, whatever test clock the object is on.

        For what the outside world does in its own time: banks settle, cardholders dispute.
        """
        due = self.environment.clock.now() + seconds
        self.store.query(
            "INSERT OR REPLACE INTO timers (account, object, object_id, name, clock, due) VALUES (?, ?, ?, ?, '', ?)",
            (self.account, obj["object"], obj["id"], name, due),
        )
        self.environment.timer_added(due)

    def schedule_last(self, name: str, obj: Mapping[str, object]) -> None:
        """Run a timer when everything else of this unit of work is done, in the same transaction.

        For what follows an answer without being in it: the next call finds it.
        """
        self._last.append((name, obj))

    def finish(self) -> None:
        """Run what was to be last, then write what changed to the store."""
        while self._last:
            name, obj = self._last.pop(0)
            rule = self.environment.timer(str(obj["object"]), name)
            if rule is not None:
                rule(self, obj)
        self.flush()

    def unschedule(self, name: str, obj: Mapping[str, object]) -> None:
        """Drop a plan, if there is one."""
        self.store.query("DELETE FROM timers WHERE object_id = ? AND name = ?", (obj["id"], name))

    def use_clock_of(self, obj: Mapping[str, object] | None) -> None:
        """Take the time of the test clock that `obj`, or the customer it belongs to, is attached to."""
        if obj is None or self.test_clock:
            return
        clock_id, customer_id = obj.get("test_clock"), obj.get("customer")
        if not clock_id and isinstance(customer_id, str):
            customer = self.find_any(customer_id)
            clock_id = customer.get("test_clock") if customer else None
        clock = self.find(kinds.TEST_CLOCK, clock_id if isinstance(clock_id, str) else None)
        if clock is not None:
            self.test_clock, self.now = clock["id"], clock["frozen_time"]

    def at(self, account: str, *, now: int | None = None, test_clock: str | None = None) -> UnitOfWork:
        """Return another unit of work in the same transaction: of `account`, at `now` (this unit's time by default)."""
        return UnitOfWork(
            self.environment,
            account,
            now=self.now if now is None else now,
            test_clock=test_clock,
            request_id=self.request_id,
            idempotency_key=self.idempotency_key,
        )

    # --- end -----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what changed to the store (still inside the transaction)."""
        for object_id in self._dirty:
            body = self._objects[object_id]
            schema = self.environment.schema(str(body["object"]))
            old, new = self._links.get(object_id, {}), schema.links(body)
            moved = [(n, old.get(n), new.get(n)) for n in old.keys() | new.keys() if old.get(n) != new.get(n)]
            self.store.write(self.account, body, moved, deleted=object_id in self._gone)
            self._links[object_id] = new
        self._dirty.clear()

    def discard_dirty(self) -> None:
        """Forget changes that will not be kept."""
        self._dirty.clear()


def public_copy(value: object) -> object:
    """Return a deep copy without private members (those whose name begins with an underscore)."""
    if is_object(value):
        if not value:
            return {}
        return {k: public_copy(v) if type(v) in _NESTED else v for k, v in value.items() if k[:1] != "_"}
    if is_array(value):
        return [public_copy(v) for v in value]
    return value


_NESTED = frozenset({dict, list})


def _text(value: object) -> object:
    if isinstance(value, bool):
        return json.dumps(value)
    if is_object(value):
        return value
    return [_text(v) for v in value] if is_array(value) else str(value)
