"""What the management API works with."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from payloom.alerts.service import AlertService
from payloom.api.account.mails import AccountMails
from payloom.api.http.current_user import FindUser, SessionAuth
from payloom.api.limits.rate_limit import Counters
from payloom.api.management.change_stream import ChangeStream
from payloom.audit.trail import AuditTrail
from payloom.auth.lifecycle.removal import Forget
from payloom.auth.studio_users import StudioUsers
from payloom.connectors.stripe.checkout_attempts import CheckoutAttempts
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.db.database import Database
from payloom.email.outbox import Outbox
from payloom.inbox.service import Inbox
from payloom.kit.clock import Clock
from payloom.project.publisher import ProjectPublisher
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.service import RunService
from payloom.settings.model import Settings
from payloom.tables.query.sql import Tables
from payloom.views.references.indexer import Indexer
from payloom.views.run_queries import RunQueries

if TYPE_CHECKING:
    from payloom.sandbox.service import SandboxService


@dataclasses.dataclass(frozen=True, slots=True)
class ManagementDependencies:
    """The collaborators of the management API's routes.

    forget_user: takes the data of a deleted account out of other tables. backfill: fetches missed events from Stripe,
    returns `{seen, stored}`. sandbox: loads the service that runs drafts in the sandbox; a server without editors never
    does.
    """

    settings: Settings
    clock: Clock
    session_auth: SessionAuth
    studio_users: StudioUsers
    counters: Counters
    database: Database
    runs: RunService
    run_queries: RunQueries
    inbox: Inbox
    index: Indexer
    changes: ChangeStream
    tables: Tables
    outbox: Outbox
    account_mails: AccountMails
    forget_user: Forget
    backfill: Callable[[], Awaitable[Mapping[str, Any]]]
    find_user: FindUser
    publisher: ProjectPublisher
    sandbox: Callable[[], SandboxService]
    stripe_tables: StripeTables
    checkout_attempts: CheckoutAttempts
    audit: AuditTrail
    alerts: AlertService
    library: PublishedWorkflows
