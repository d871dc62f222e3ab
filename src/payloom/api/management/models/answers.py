"""What every answer is made of: the base of all models, moments, errors, and who is asking."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from payloom.settings.file import PublishPolicy
from payloom.settings.studio_roles import StudioRole

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="RFC 3339, UTC.")]
Json = Any


class Shape(BaseModel):
    """An answer. Every field is always there; what is not known is null."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True, protected_namespaces=(), defer_build=True
    )


class Body(BaseModel):
    """What is sent; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong and what to do next. Fields that do not apply are left out."""

    code: str = Field(description="A stable word, such as `not_found`.")
    message: str
    hint: str | None = Field(None, description="What to do next.")
    where: str | None = Field(None, description="A place: file:line:column, a step's path or a field.")
    fields: dict[str, str] | None = Field(None, description="What is wrong with each field of the body or the query.")
    data: dict[str, Any] | None = Field(None, description="Facts for programs, by code.")
    run_id: str | None = None
    retry_after: int | None = Field(None, description="Seconds.")
    allow: list[str] | None = Field(None, description="The methods this address takes.")
    request_id: str | None = None


class ErrorAnswer(BaseModel):
    """The one form of every error."""

    error: Problem


class Outcome(Shape):
    """Result of one item of a bulk operation."""

    id: str
    done: bool
    runs: list[str] = Field(description="Runs that were started, or the run itself.")
    error: Problem | None = Field(description="Why it was not done.")


class Outcomes(Shape):
    """Results of a bulk operation, one per item."""

    data: list[Outcome]
    done: int
    failed: int


class Failure(Shape):
    """Why a run or a step failed."""

    kind: str = Field(description="A stable word, such as `card_declined`.")
    message: str
    status: int = 500
    hint: str | None = None
    where: str | None = None
    data: dict[str, Any] = {}
    retryable: bool = False
    path: str | None = Field(None, description="The step it came from.")


class Me(Shape):
    """Who asks and where they are."""

    email: str | None
    name: str | None
    role: StudioRole = Field(description="In the studio.")
    roles: list[str] = Field(description="The project's own. An approval step names some of them.")
    via: Literal["token", "session"]
    second_factor: bool = Field(description="Whether this person's sign-ins ask for a second factor.")
    project: str
    env: str
    livemode: bool
    local_stripe: str | None = Field(description="The local Stripe's address, if this project uses one.")
    site_url: str
    has_pages: bool = Field(description="Whether the project has pages of its own at that address.")
    editable: bool = Field(description="Whether workflow files may be changed here by this person.")
    publishes: bool = Field(description="Whether this person may publish; with two people, what another one saved.")
    publish_policy: PublishPolicy = Field(description="Who may publish: the setting `studio.publish`.")
    version: str


class SessionState(Shape):
    """Whether a user is signed in."""

    signed_in: bool
    email: str | None
    role: StudioRole | None = Field(description="Null: signed in as a customer, who may not manage.")


class SignIn(Body):
    """The token of a one-time link."""

    token: str = Field(min_length=1, max_length=200)


class SignedIn(Shape):
    """Who is signed in now; nobody, while the sign-in waits for a second factor."""

    email: str | None
    role: StudioRole | None
    next: str | None = Field(description="The page that asks for the second factor, if there is one.")


class AccountView(Shape):
    """An account that can sign in. The roles count only while the account is `verified` and not `disabled`."""

    id: str
    email: str
    name: str | None
    role: StudioRole | None = Field(description="In the studio.")
    roles: list[str] = Field(description="The project's own. They open nothing in the studio.")
    disabled: bool
    verified: bool
    created_at: Moment


class AccountSession(Shape):
    """A session of an account. Its id opens nothing."""

    id: str
    agent: str | None = Field(description="Browser and system, such as `Firefox on Linux`.")
    address: str | None = Field(description="The network address it began from.")
    current: bool = Field(description="Whether it is the session of the caller.")
    created_at: Moment
    last_seen_at: Moment
    expires_at: Moment


class AccountSessions(Shape):
    """Open sessions, the one in use last comes first."""

    data: list[AccountSession]


class Ended(Shape):
    """How many sessions ended."""

    ended: int


class AccountMailSent(Shape):
    """What follows: an email, or the link itself for an admin who asked for it."""

    url: str | None
    expires_at: Moment


class ResetRequest(Body):
    """How the link gets to its owner. link: it is in the answer, and no email is sent."""

    link: bool = False


class AccountList(Shape):
    """Accounts by address."""

    data: list[AccountView]
    next: str | None = Field(description="Give it as `after` for the next page.")


class NewStudioRole(Body):
    """The account's new role in the studio; null for none."""

    role: StudioRole | None


class NewRoles(Body):
    """The account's new roles of the project, such as `staff`."""

    roles: list[Annotated[str, Field(max_length=64)]] = Field(max_length=50)


class SignInLink(Shape):
    """A link that signs a user in once."""

    url: str
    expires_at: Moment


class LiveEvent(Shape):
    """The data of one server-sent event; fields that do not apply are left out."""

    kind: Literal["hello", "run", "event", "mail", "row", "workflow", "file"]
    id: str | None = None
    status: str | None = Field(None, description="Of runs and mails their status; of workflows the version.")
    at: Moment | None = None
    workflow: str | None = None
    type: str | None = Field(None, description="Of events.")
    table: str | None = Field(None, description="Of rows that were changed by hand.")
    refetch: bool | None = Field(None, description="Of `hello`: read everything again, something was missed.")
