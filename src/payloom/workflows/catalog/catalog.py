"""What a workflow may name: actions, triggers, tables, templates, functions. Pure data, filled in by the connectors.

The checker reads it to find misspelt names and wrong types, the studio to draw forms, the docs to list everything.
Types are JSON Schema fragments (dicts); `None` means "any" (dyn): fields of it are checked when the run reads them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

Schema = Mapping[str, Any]

WHERE_OPERATORS = ("gt", "gte", "lt", "lte", "ne", "contains", "starts_with", "is_null")
"""What `where: {column: {operator: value}}` knows; the tables room has the same list, and a test compares them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One thing a step can call, e.g. verb `stripe`, name `checkout.sessions.create`."""

    verb: str
    name: str
    summary: str
    params: Schema | None = None
    """JSON Schema of `with:`; an object with `additionalProperties: false` when the parameters are known."""
    returns: Schema | None = None
    writes: bool = True
    """Whether it changes something outside (and therefore gets an idempotency key)."""
    moves_money: bool = False
    aliases: Sequence[str] = ()
    docs_url: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """One event family, e.g. `checkout.session` with actions `completed, expired, …`."""

    name: str
    label: str
    """The trigger's name for people: `On checkout session event`."""
    actions: Sequence[str]
    object_schema: Schema | None = None
    retrieve: str | None = None
    """The action that re-reads the object (`checkout.sessions.retrieve`), for `fresh: true`."""
    stateful: bool = False
    """State families re-read the object and run one at a time per object unless told otherwise."""
    only_in_event: frozenset[str] = frozenset()
    """The actions whose object cannot be read again: it is deleted, or a preview of what does not exist yet."""
    without_id: frozenset[str] = frozenset()
    """The actions whose object has no id, and so no lane of its own."""

    def reread(self, action: str) -> str | None:
        """Return what reads the object of an event again; None if nothing can."""
        return None if action in self.only_in_event else self.retrieve

    def has_id(self, action: str) -> bool:
        """Whether the object of an event has an id: what its runs queue for, and what they are found by."""
        return action not in self.without_id


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column of a user's table. `type`: uuid string text int bool number json datetime date."""

    name: str
    type: str
    nullable: bool = True
    unique: bool = False
    primary: bool = False
    has_default: bool = False
    enum: Sequence[str] | None = None
    references: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class TemplateData:
    """The names a mail template reads.

    required: those it fails without. fields: what it reads of them, `("order", "total")` for `order.total`.
    """

    known: frozenset[str]
    required: frozenset[str]
    fields: frozenset[tuple[str, ...]] = frozenset()


MovedKind = Literal["action", "family", "event action"]
"""What a name that is unknown today once was: an operation, a family of events, or an action of a family."""
STRIPE_TABLES = "stripe."
"""How the names of Stripe's resources as tables begin: `stripe.products`. Reading one is an outside step."""


@dataclasses.dataclass(frozen=True, slots=True)
class TableShape:
    """A table as the language sees it: a user's, or a resource elsewhere that can only be read.

    row: the schema of a row when the columns do not say it all. filters: what `where` takes (JSON Schema each) when it
    does not take every column; ranges: those of them that take `{gte: …}`. any_column: every column may be compared as
    well, and sorted by. hint: what to do about a column that `where` does not take.
    """

    name: str
    columns: Mapping[str, Column]
    row: Schema | None = None
    read_only: bool = False
    filters: Mapping[str, Schema] | None = None
    ranges: frozenset[str] = frozenset()
    any_column: bool = True
    hint: str | None = None


class Catalog(Protocol):
    """Everything the checker and the interpreter may look up. Lookups return None for unknown names."""

    def action(self, verb: str, name: str) -> Action | None:
        """Describe an action of a verb, e.g. `refunds.create` of `stripe`; None when there is none."""
        ...

    def action_names(self, verb: str) -> Sequence[str]:
        """List a verb's actions, for hints and completion."""
        ...

    def family(self, name: str) -> Family | None:
        """Describe a family of events, e.g. `payment_intent`; None when there is none."""
        ...

    def family_names(self) -> Sequence[str]:
        """List the families of events."""
        ...

    def moved(self, kind: MovedKind, name: str, of: str = "") -> str | None:
        """Return a hint about an unknown name that was one once. of: the family of an event's action."""
        ...

    def table(self, name: str) -> TableShape | None:
        """Describe a table or a view; None when there is none."""
        ...

    def table_names(self) -> Sequence[str]:
        """List the tables that workflows can write to."""
        ...

    def view_names(self) -> Sequence[str]:
        """List the tables that workflows can only read."""
        ...

    def email_names(self) -> Sequence[str]:
        """List the mail templates."""
        ...

    def email_data(self, name: str) -> TemplateData | None:
        """Return what a mail template reads; None when it is unknown."""
        ...

    def python_names(self) -> Sequence[str]:
        """List the project's functions as `module:name`."""
        ...

    def workflow_names(self) -> Sequence[str]:
        """List the ids of the project's workflows."""
        ...

    def env_names(self) -> Sequence[str]:
        """List the names that `env` has."""
        ...

    def money_inputs(self, workflow: str) -> frozenset[str] | None:
        """Return the inputs of a workflow that end up in amounts of money; None when it is unknown."""
        ...


@dataclasses.dataclass(slots=True)
class StaticCatalog:
    """A catalog held in dictionaries: what connectors fill, and what tests write by hand."""

    actions: dict[tuple[str, str], Action] = dataclasses.field(default_factory=dict[tuple[str, str], Action])
    families: dict[str, Family] = dataclasses.field(default_factory=dict[str, Family])
    tables: dict[str, TableShape] = dataclasses.field(default_factory=dict[str, TableShape])
    emails: set[str] = dataclasses.field(default_factory=set[str])
    templates: dict[str, TemplateData] = dataclasses.field(default_factory=dict[str, TemplateData])
    """By mail template, what it reads; one that is not here could not be read."""
    functions: set[str] = dataclasses.field(default_factory=set[str])
    workflows: set[str] = dataclasses.field(default_factory=set[str])
    env: set[str] = dataclasses.field(default_factory=set[str])
    money: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict[str, frozenset[str]])
    """By workflow, the inputs that reach money in it; a workflow that is not here could not be read."""
    http_hosts: set[str] | None = None
    """Hosts that `http` steps may call; None: no list was given, and every public host may be called."""

    def add(self, action: Action) -> None:
        """Register an action under its name and its aliases."""
        for name in (action.name, *action.aliases):
            self.actions[action.verb, name] = action

    def action(self, verb: str, name: str) -> Action | None:
        """Return the action that was added under this verb and name."""
        return self.actions.get((verb, name))

    def action_names(self, verb: str) -> Sequence[str]:
        """List the actions added for this verb, sorted."""
        return sorted(name for kind, name in self.actions if kind == verb)

    def family(self, name: str) -> Family | None:
        """Return the family of events of this name."""
        return self.families.get(name)

    def moved(self, kind: MovedKind, name: str, of: str = "") -> str | None:
        """Know no name that moved."""
        del kind, name, of
        return None

    def family_names(self) -> Sequence[str]:
        """List the families, sorted."""
        return sorted(self.families)

    def table(self, name: str) -> TableShape | None:
        """Return the table of this name."""
        return self.tables.get(name)

    def table_names(self) -> Sequence[str]:
        """List the tables, sorted."""
        return sorted(self.tables)

    def view_names(self) -> Sequence[str]:
        """Return the tables that can only be read, and are not the user's."""
        return ()

    def email_names(self) -> Sequence[str]:
        """List the mail templates, sorted."""
        return sorted(self.emails)

    def email_data(self, name: str) -> TemplateData | None:
        """Return what a mail template reads."""
        return self.templates.get(name)

    def python_names(self) -> Sequence[str]:
        """List the functions, sorted."""
        return sorted(self.functions)

    def workflow_names(self) -> Sequence[str]:
        """List the workflows, sorted."""
        return sorted(self.workflows)

    def env_names(self) -> Sequence[str]:
        """List the names of `env`, sorted."""
        return sorted(self.env)

    def money_inputs(self, workflow: str) -> frozenset[str] | None:
        """Return the inputs of a workflow that reach money, None if they are unknown."""
        return self.money.get(workflow)
