"""One model per verb. A step is the head (`id`, `when`, …) and exactly one verb with its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from payloom.kit.json_types import is_dict, is_list
from payloom.workflows.syntax.filemodel.values import (
    LIST,
    MAP,
    STEP_ID,
    TAG,
    WORD,
    Condition,
    Duration,
    FixedDuration,
    Names,
    Operand,
    Retrying,
    RetryRule,
    Rows,
    Strict,
    Template,
    by_type,
)

INT = Tag(TAG + "int")


def _int_or_text(value: Any) -> str:
    return TAG + ("int" if isinstance(value, int) else "word")


Level = Literal["debug", "info", "warning", "error"]


class StepHead(Strict):
    """The keys of every step."""

    verb: ClassVar[str] = ""
    id: str | None = Field(None, pattern=STEP_ID, description="The name of the result in expressions.")
    name: str | None = Field(None, description="A title.")
    when: Condition | None = Field(None, description="If this is false, the step is skipped (value null).")
    on_error: OnError | None = Field(
        None, description="`continue` (value null), or steps to run instead, which can read `error`."
    )

    @property
    def target(self) -> Any:
        """Return the value of the verb's key."""
        return getattr(self, next(n for n, f in type(self).model_fields.items() if (f.alias or n) == self.verb))


class OutsideHead(StepHead):
    """More keys of the steps that leave the machine."""

    retry: Retrying | None = Field(
        None,
        description="The number of attempts (5), or `{attempts, first, factor, most}` with the delays between them (1s, 2, 60s). `false` is one attempt. A 429 counts as none.",
    )
    timeout: FixedDuration | None = Field(None, description="The limit for one attempt.")


class Stripe(OutsideHead):
    """Call Stripe."""

    verb: ClassVar[str] = "stripe"
    stripe: str = Field(description="The operation, e.g. `checkout.sessions.create`.")
    with_: dict[str, Any] = Field(default_factory=dict[str, Any], alias="with", description="Its parameters.")
    idempotency_key: Template | None = Field(None, description="Default: the run's ID and the step's path.")
    account: Template | None = Field(None, description="A connected account, `acct_…`.")
    all: bool = Field(False, description="For lists: read every page. The value is the list of all objects.")
    max: int | None = Field(
        None, ge=1, le=100_000, description="With `all`: read the first ones only, at most so many."
    )


class Select(StepHead):
    """Read rows."""

    verb: ClassVar[str] = "select"
    select: str = Field(description="The table.")
    where: dict[str, Any] = Field(description="Columns and values. A list matches any of them; `any` is OR.")
    one: Literal["required", "optional"] | None = Field(
        None, description="One row. If none matches, fail or give null."
    )
    key_by: str | None = Field(None, description="Return a map by this column instead of a list.")
    require: Literal["all"] | None = Field(None, description="Every value in a list must have a row.")
    order_by: Names | None = Field(None, description="`created_at` or `created_at desc`.")
    limit: Annotated[Annotated[int, INT] | Annotated[Template, WORD], Discriminator(_int_or_text)] | None = None


class Insert(StepHead):
    """Add a row, or several."""

    verb: ClassVar[str] = "insert"
    insert: str = Field(description="The table.")
    values: Annotated[
        Annotated[dict[str, Any], MAP] | Annotated[list[dict[str, Any]], LIST] | Annotated[str, WORD],
        Discriminator(by_type),
    ] = Field(description="A row, a list of rows, or `${{ … }}` that gives either.")


class Update(StepHead):
    """Change rows: exactly one, unless `rows` allows other numbers."""

    verb: ClassVar[str] = "update"
    update: str = Field(description="The table.")
    where: dict[str, Any] = Field(description="Columns and values. A list matches any of them; `any` is OR.")
    set: dict[str, Any] = Field(min_length=1, description="Columns and their new values.")
    rows: Rows = "1"


class Upsert(StepHead):
    """Add a row, or change the one with the same key."""

    verb: ClassVar[str] = "upsert"
    upsert: str = Field(description="The table.")
    key: Names = Field(description="The columns that identify an existing row.")
    values: dict[str, Any] = Field(description="Columns and values.")


class Delete(StepHead):
    """Delete rows: exactly one, unless `rows` allows other numbers."""

    verb: ClassVar[str] = "delete"
    delete: str = Field(description="The table.")
    where: dict[str, Any] = Field(description="Columns and values. A list matches any of them; `any` is OR.")
    rows: Rows = "1"


class Email(OutsideHead):
    """Send an email from a template."""

    verb: ClassVar[str] = "email"
    email: str = Field(description="The template.")
    to: Annotated[Annotated[Template, WORD] | Annotated[list[Template], LIST], Discriminator(by_type)]
    data: dict[str, Any] = Field(default_factory=dict[str, Any], description="The values that the template reads.")
    from_: Template | None = Field(None, alias="from", description="Default: the project's sender.")
    reply_to: Template | None = Field(None, description="The address for replies.")
    attachments: Annotated[Annotated[Template, WORD] | Annotated[list[Any], LIST], Discriminator(by_type)] | None = None


class CaseClause(Strict):
    """One branch of a `switch` whose cases are conditions."""

    when: Condition
    do: Steps


class Switch(StepHead):
    """Choose a branch by a value, or the first with a true condition."""

    verb: ClassVar[str] = "switch"
    switch: Operand | None = Field(description="The value. Empty if the cases are a list of conditions.")
    cases: Cases
    default: DefaultBranch = Field("raise", description="What happens if no case matches: `raise`, `stop`, or steps.")


class If(StepHead):
    """Run steps if a condition is true."""

    verb: ClassVar[str] = "if"
    if_: Condition = Field(alias="if")
    then: Steps
    else_: Steps = Field(default_factory=list["Step"], alias="else")


class Filter(StepHead):
    """Stop the run, without an error, if the condition is false."""

    verb: ClassVar[str] = "filter"
    filter: Condition


class Ensure(StepHead):
    """Fail the run with an error of your own if the condition is false."""

    verb: ClassVar[str] = "ensure"
    ensure: Condition
    message: Template = Field(description="The message for the caller and the run page.")
    code: str = Field("not_ensured", pattern=STEP_ID, description="The error's kind, for `catch` and the caller.")
    status: int = Field(400, ge=400, le=599, description="The HTTP status for the caller.")
    hint: Template | None = Field(None, description="What the caller can do about it.")


class ForEach(StepHead):
    """Run steps for each item of a list."""

    verb: ClassVar[str] = "for_each"
    for_each: Operand
    as_: str = Field("item", alias="as", pattern=STEP_ID)
    do: Steps
    concurrency: int = Field(1, ge=1, le=100, description="The number of iterations that run at the same time.")
    max: int = Field(10_000, ge=1, le=100_000, description="A longer list fails before the first iteration.")


class While(StepHead):
    """Repeat steps while a condition is true, at most `max` times."""

    verb: ClassVar[str] = "while"
    while_: Condition = Field(alias="while")
    do: Steps
    max: int = Field(ge=1, le=100_000)


class CatchClause(Strict):
    """The steps for some errors."""

    errors: Names | None = Field(None, description="Kinds of errors, e.g. `card_declined`. Default: every error.")
    as_: str = Field("error", alias="as", pattern=STEP_ID, description="The name of the error in the steps.")
    do: Steps = Field(description="The steps that run instead.")


class Try(StepHead):
    """Run steps and handle their errors."""

    verb: ClassVar[str] = "try"
    try_: Steps = Field(alias="try")
    catch: Catch = Field(default_factory=list["Step"])
    finally_: Steps = Field(default_factory=list["Step"], alias="finally")


class Parallel(StepHead):
    """Run several branches at the same time."""

    verb: ClassVar[str] = "parallel"
    parallel: Annotated[dict[str, Steps], Field(min_length=1)]
    fail: Literal["fast", "all"] = Field("fast", description="After a failure: cancel the others, or let them end.")


class Wait(StepHead):
    """Wait for a duration, or until a timestamp. The wait survives restarts."""

    verb: ClassVar[str] = "wait"
    wait: Duration


class WaitedEvent(Strict):
    """The event a `wait_for` waits for."""

    stripe: str = Field(description="The family, e.g. `payment_intent`.")
    actions: Names | None = Field(None, description="Only these actions, e.g. [succeeded]. Default: every action.")
    match: Condition | None = Field(None, description="Only events for which this is true.")
    timeout: Duration | None = Field(None, description="How long to wait. Then the value is null. Default: no end.")
    account: Template | None = Field(
        None, description="Whose events count: default the account of the run's event; `*` for any connected account's."
    )


class WaitFor(StepHead):
    """Wait for an event. The value is null after the timeout."""

    verb: ClassVar[str] = "wait_for"
    wait_for: WaitedEvent


class Let(StepHead):
    """Set variables: `vars.<name>`."""

    verb: ClassVar[str] = "let"
    let: dict[str, Any] = Field(min_length=1)


class Log(StepHead):
    """Write a line to the run's log."""

    verb: ClassVar[str] = "log"
    log: Template
    level: Level = "info"


class Return(StepHead):
    """End the run with a response."""

    verb: ClassVar[str] = "return"
    return_: Any = Field(alias="return")
    status: int = Field(200, ge=200, le=599)


class Respond(StepHead):
    """Respond to the caller and continue."""

    verb: ClassVar[str] = "respond"
    respond: Any
    status: int = Field(200, ge=200, le=599)


class Failure(Strict):
    """The error a `raise` makes."""

    status: int = Field(400, ge=400, le=599, description="The HTTP status that a caller gets.")
    code: str = Field(pattern=STEP_ID, description="The kind of the error, for `catch` and for callers.")
    message: Template = Field(description="What happened, for people.")
    hint: Template | None = Field(None, description="What to do next, for people.")
    data: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="More values for a `catch` and for callers."
    )


class Raise(StepHead):
    """Fail the run with an error of your own."""

    verb: ClassVar[str] = "raise"
    raise_: Failure = Field(alias="raise")


class Http(OutsideHead):
    """Call an HTTP service, e.g. `POST https://example.com/hook`."""

    verb: ClassVar[str] = "http"
    http: str = Field(pattern=r"^(GET|HEAD|POST|PUT|PATCH|DELETE) \S", description="Method and address.")
    headers: dict[str, Any] = Field(default_factory=dict[str, Any], description="Header names and values.")
    body: Any = Field(None, description="Sent as JSON. Text is sent unchanged.")
    idempotency_key: Template | None = Field(None, description="Sent as `Idempotency-Key`. Default: run ID and path.")
    sign_with: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="The name of a secret (`whsec_…`) that signs the request, as in Standard Webhooks.",
    )


class Call(StepHead):
    """Run another workflow as part of this run."""

    verb: ClassVar[str] = "call"
    call: str = Field(description="The workflow's ID: its path below `workflows/`.")
    with_: dict[str, Any] = Field(default_factory=dict[str, Any], alias="with", description="Its arguments.")


class Python(OutsideHead):
    """Call a registered Python function."""

    verb: ClassVar[str] = "python"
    python: str = Field(description="The function, `module:name`.")
    with_: dict[str, Any] = Field(default_factory=dict[str, Any], alias="with", description="Its arguments.")


class Approve(StepHead):
    """Pause the run until a user with an allowed role approves or rejects it."""

    verb: ClassVar[str] = "approve"
    approve: Template = Field(description="The question.")
    roles: Names = Field(description="Who can decide: a user with one of these roles.")
    data: dict[str, Any] = Field(default_factory=dict[str, Any], description="The values shown with the question.")
    timeout: Duration | None = Field(None, description="How long to wait for a decision. Default: no end.")
    notify: Steps = Field(
        default_factory=list["Step"], description="Run first, to notify the users. `approval.url` is the link."
    )
    then: Steps = Field(default_factory=list["Step"])
    else_: Steps | None = Field(None, alias="else", description="After a rejection. Default: fail (`rejected`).")
    on_timeout: Steps | None = Field(None, description="After the timeout. Default: `else`, or the step fails.")


VERB_MODELS: tuple[type[StepHead], ...] = tuple(
    value for value in globals().values() if isinstance(value, type) and issubclass(value, StepHead) and value.verb
)
"""The model of every verb, in the order in which they stand above: pages and lists show them so."""
VERBS: dict[str, type[StepHead]] = {model.verb: model for model in VERB_MODELS}


def verb_of(value: Any) -> str | None:
    """Return the verb of a raw step or of a step's model; None when it has none."""
    if isinstance(value, StepHead):
        return value.verb
    return next((key for key in value if key in VERBS), None) if is_dict(value) else None


def _clauses_or_steps(value: Any) -> str:
    """Tell `catch: [{errors, as, do}]` from `catch: [steps]`; both are lists."""
    is_clause = bool(value) and is_list(value) and all(map(_is_clause, value))
    return TAG + ("map" if is_clause else "list")


def _is_clause(item: Any) -> bool:
    return isinstance(item, CatchClause) or (is_dict(item) and "do" in item and verb_of(item) is None)


if TYPE_CHECKING:
    Step = StepHead
else:
    # A named alias: pydantic refers to it by name, which is what lets steps hold steps.
    Step = TypeAliasType(
        "Step",
        Annotated[
            Union[tuple(Annotated[model, Tag(TAG + model.verb)] for model in VERB_MODELS)],  # noqa: UP007 - made of a list
            Discriminator(lambda value: TAG + verb if (verb := verb_of(value)) else None),
        ],
    )
Steps = list[Step]
OnError = Annotated[Annotated[Literal["continue"], WORD] | Annotated[Steps, LIST], Discriminator(by_type)]
DefaultBranch = Annotated[Annotated[Literal["raise", "stop"], WORD] | Annotated[Steps, LIST], Discriminator(by_type)]
Cases = Annotated[Annotated[dict[str, Steps], MAP] | Annotated[list[CaseClause], LIST], Discriminator(by_type)]
Catch = Annotated[Annotated[list[CatchClause], MAP] | Annotated[Steps, LIST], Discriminator(_clauses_or_steps)]

INNER_MODELS: dict[str, type[Strict]] = {"retry": RetryRule, "raise": Failure, "wait_for": WaitedEvent}
"""The maps with known keys that stand behind a key of a step."""
