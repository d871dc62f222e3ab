"""The services of a project's server, built once: the implementation of each port."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog

from payloom.alerts.service import AlertService
from payloom.api.account.context import AccountContext
from payloom.api.account.mails import AccountMails
from payloom.api.http.current_user import SessionAuth, as_user
from payloom.api.http.exposition.shared_metrics import SharedMetrics
from payloom.api.http.metrics import Metrics, ServerLeaves
from payloom.api.http.serialization import to_plain
from payloom.api.management.change_stream import ChangeStream
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.lazy_app import SIGN_IN_PATH
from payloom.api.page_routes import PageRoutes
from payloom.api.server import ServerDependencies
from payloom.app.start_record import record_publish_by_files, record_start
from payloom.audit.trail import AuditTrail
from payloom.auth.accounts import Account
from payloom.auth.decision_links import DecisionLink, DecisionLinks
from payloom.auth.factors.passkeys import PasskeySite
from payloom.auth.factors.service import SecondFactors
from payloom.auth.keys import signing_key
from payloom.auth.lifecycle.recovery import AccountRecovery
from payloom.auth.passwords import Passwords
from payloom.auth.rate_store import RateLimitStore
from payloom.auth.service import AccountService
from payloom.auth.studio_users import StudioUsers
from payloom.connectors.dispatch import VerbDispatcher
from payloom.connectors.email.host import EmailHost
from payloom.connectors.http.guard import Guard
from payloom.connectors.http.host import HttpHost
from payloom.connectors.port import StepFailed
from payloom.connectors.python.host import PythonHost
from payloom.connectors.stripe.checkout_attempts import CheckoutAttempts
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.step_host import StripeHost
from payloom.connectors.stripe.tables.mirror import Mirror
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.connectors.tables.host import TablesHost
from payloom.connectors.tables.user_profiles import erase_profile, profile
from payloom.db.database import open_database
from payloom.db.identity import Identity, claim
from payloom.db.migrate import explain_missing_rights, migrate
from payloom.db.sealing.source import sealer_for
from payloom.email.outbox import Outbox, erase_recipient
from payloom.email.transport import OutboxTransport, SmtpTransport, parse_smtp_url
from payloom.engine.durable import DurableEngine
from payloom.inbox.service import Inbox, InboxEvent
from payloom.kit.clock import Clock
from payloom.kit.errors import PayloomError
from payloom.project.live_tables import LiveTables
from payloom.project.loader import Project
from payloom.project.publisher import ProjectPublisher
from payloom.runs.dependencies import keyed_at_stripe
from payloom.runs.intake.backfill import EventBackfill
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.registry import RowChange
from payloom.runs.service import RunService
from payloom.settings.model import Settings
from payloom.tables.migration.migrate import migrate as migrate_tables
from payloom.tables.migration.migrate import pending_losses, plan
from payloom.tables.migration.plan import MigrationPlan
from payloom.tables.query.sql import Tables
from payloom.views.health import HealthReport, count_unsent_mails, read_health
from payloom.views.references.indexer import Indexer
from payloom.views.references.retention import delete_references
from payloom.views.run_queries import RunQueries
from payloom.workflows.program.commands import Do

if TYPE_CHECKING:
    from payloom.sandbox.service import SandboxService

log = structlog.get_logger("payloom.app")

ACCOUNT_WITHIN = 5.0
"""Seconds that a start waits for Stripe to say whose keys these are."""


class Services:
    """The services of one project in one process."""

    _leaving = False

    def __init__(self, project: Project, settings: Settings, clock: Clock) -> None:
        """Wire everything; nothing is written or started yet."""
        self.project = project
        self.settings = settings
        self.clock = clock
        self.sealer = sealer_for(settings.sealing)
        self.database = open_database(settings.database_url, self.sealer)
        self.tables = Tables(project.tables, clock)
        self.versions = Versions(self.database, clock)
        self.publisher = ProjectPublisher(project, settings, self.versions, clock)
        self.library = PublishedWorkflows(self.versions, project.catalog, settings.env)
        self.engine = DurableEngine(self.database, clock)
        self.accounts = self._accounts()
        self.studio_users = StudioUsers(self.database, clock, profile=self._insert_profile)
        stripe_settings = StripeSettings(settings.stripe.secret_key, base_url=settings.stripe.api_base)
        self.stripe = StripeConnector(stripe_settings, clock)
        self.mirror = Mirror(self.stripe, self.database, clock, settings.mirror) if settings.mirror else None
        self.stripe_tables = StripeTables(self.stripe, self.mirror)
        self.http = HttpHost(Guard(settings.http_allow), settings.secrets, self.clock)
        self.outbox = self._outbox()
        self.alerts = AlertService(self.database, clock, settings, self.outbox)
        self.audit = AuditTrail(self.database, clock, keep_days=settings.keep_audit)
        self.metrics = Metrics()
        self.metrics.collector = self.health
        self.runs = RunService(
            self.database,
            self.engine,
            clock,
            self.library,
            TablesHost(self.tables),
            self._step_hosts(),
            on_event_stored=self._mirror_event if self.mirror is not None else None,
            observer=self.metrics,
            on_prune=delete_references,
            repeats_safely=self._repeats_safely,
            offers=project.offers,
        )
        self.run_queries = RunQueries(self.database)
        secrets = [secret.get_secret_value() for secret in settings.stripe.webhook_secrets]
        self.decisions = DecisionLinks(self.database, settings.site_url, clock)
        self.inbox = Inbox(self.database, clock, secrets, livemode=settings.stripe.livemode)
        self.backfill = EventBackfill(self.stripe, self.inbox, self.runs, self.database, clock)
        self.index = Indexer(self.database, clock, project.tables, lambda: self.runs.ingested)
        if settings.is_dev:
            users = (self.versions.declared.use, self.index.use)
            self.publisher.live_tables = LiveTables(self.database, self.tables, clock, users)
        self.changes = ChangeStream(self.database, clock)
        self.publisher.record_publish_by_files = lambda: record_publish_by_files(self.database, self.audit)
        self.publisher.on_workflow_changed = functools.partial(self.changes.publish, "workflow")
        self.publisher.on_files_changed = functools.partial(self.changes.publish, "file", "project")
        self.session_auth = SessionAuth(self.accounts, secure=settings.secure_cookies)
        self.recovery = AccountRecovery(self.database, clock, self.accounts.hashing)
        site = PasskeySite(settings.name, settings.site_url)
        self.factors = SecondFactors(self.database, clock, self.accounts.hashing, site, self.audit)
        self.account_mails = AccountMails(settings, self.outbox, project.mails, self.recovery, clock)
        self.page_routes = PageRoutes(
            settings, self.publisher.pages, project.templates, self.tables, self.database, self.session_auth, clock
        )

    def _accounts(self) -> AccountService:
        settings = self.settings
        return AccountService(
            self.database,
            self.clock,
            profile=self._insert_profile,
            passwords=Passwords(words=(settings.name, urlsplit(settings.site_url).hostname or "")),
            example_domains=settings.is_dev,
            staff_lifetime=dt.timedelta(hours=settings.studio_session_hours),
            confirm_first=settings.access.sign_up == "by_mail",
        )

    async def _decision_link(self, claims: Mapping[str, Any], recipient: str) -> str:
        return await self.decisions.make(DecisionLink(claims["run_id"], claims["path"], claims["until"], recipient))

    def _mirror_event(self, tx: sa.Connection, event: InboxEvent) -> None:
        assert self.mirror is not None
        self.mirror.apply_event(tx, event.payload)

    def _insert_profile(self, tx: sa.Connection, account_id: str, email: str, name: str | None) -> None:
        """Insert the row of a new account, if `users` is among the tables now."""
        insert = profile(self.tables)
        if insert is None:
            return
        insert(tx, account_id, email, name)
        # A webhook about this person may be waiting for the row.
        row = self.tables.select(tx, "users", where={"id": account_id}, one="required")
        self.runs.rows_changed(tx, "insert", "users", RowChange("users", "insert", row, None))

    def _forget_user(self, tx: sa.Connection, account: Account) -> None:
        """Take the personal data of an account that is deleted out of `users` and out of the mails to it."""
        row = erase_profile(self.tables, tx, account.id)
        erase_recipient(tx, account.email)
        if row is not None:
            self.runs.rows_changed(tx, "update", "users", RowChange("users", "update", *row))

    def _outbox(self) -> Outbox:
        url = self.settings.email.url
        transport = SmtpTransport(parse_smtp_url(url.get_secret_value())) if url else OutboxTransport()
        return Outbox(self.database, transport, self.clock)

    def _repeats_safely(self, do: Do) -> bool:
        return keyed_at_stripe(do) or (do.verb == "email" and self.outbox.is_local)

    def _step_hosts(self) -> VerbDispatcher:
        return VerbDispatcher(
            {
                "stripe": StripeHost(self.stripe),
                "select": self.stripe_tables,
                "email": EmailHost(
                    self.project.mails,
                    self.outbox,
                    self.clock,
                    sender=self.settings.email.sender,
                    link=self._decision_link,
                ),
                "http": self.http,
                "python": PythonHost(self.project.functions),
            }
        )

    def server_dependencies(self) -> ServerDependencies:
        """Return what the routes work with."""
        counters = RateLimitStore(self.database, self.clock)
        return ServerDependencies(
            settings=self.settings,
            assets=self.project.assets_folder,
            session_auth=self.session_auth,
            page_routes=self.page_routes,
            metrics=self.metrics,
            decisions=self.decisions,
            inbox=self.inbox,
            runs=self.runs,
            publisher=self.publisher,
            database=self.database,
            counters=counters,
            ready=self.ready,
            account=AccountContext(
                session_auth=self.session_auth,
                page_routes=self.page_routes,
                origin=self.settings.origin,
                counters=counters,
                audit=self.audit,
                mails=self.account_mails,
                recovery=self.recovery,
                factors=self.factors,
                proof_minutes=self.settings.access.proof_minutes,
                sign_up=self.settings.access.sign_up,
                database=self.database,
                clock=self.clock,
            ),
            management=self._management_dependencies(counters),
        )

    def _management_dependencies(self, counters: RateLimitStore) -> ManagementDependencies:
        return ManagementDependencies(
            settings=self.settings,
            clock=self.clock,
            session_auth=self.session_auth,
            studio_users=self.studio_users,
            counters=counters,
            database=self.database,
            runs=self.runs,
            run_queries=self.run_queries,
            inbox=self.inbox,
            index=self.index,
            changes=self.changes,
            tables=self.tables,
            outbox=self.outbox,
            account_mails=self.account_mails,
            forget_user=self._forget_user,
            backfill=self.backfill.run_once,
            find_user=self.find_user,
            publisher=self.publisher,
            sandbox=self.sandbox,
            stripe_tables=self.stripe_tables,
            checkout_attempts=CheckoutAttempts(self.stripe),
            audit=self.audit,
            alerts=self.alerts,
            library=self.library,
        )

    async def record_start(self) -> None:
        """Record in the audit trail what differs from the start before."""
        settings, now = to_plain(self.settings.public()), self.clock.now()
        versions = {name: workflow.version for name, workflow in self.project.workflows.items()}

        def work(tx: sa.Connection) -> None:
            self.database.write_lock(tx, "audit:start")
            record_start(self.audit, tx, settings, versions, now)

        await self.database.write(work)

    def sandbox(self) -> SandboxService:
        """Return what runs drafts without consequences."""
        from payloom.sandbox.service import SandboxService  # noqa: PLC0415 - only the studio runs drafts

        host = TablesHost(self.tables)
        return SandboxService(
            self.publisher, self.database, self.inbox, self.tables, host, StripeHost(self.stripe), self.clock
        )

    def share_metrics(self, folder: Path, process: str) -> contextlib.AbstractAsyncContextManager[None]:
        """Answer `/metrics` for all processes that share a port, while the block runs."""
        self.metrics.shared = SharedMetrics(folder, process, self.metrics.registry)
        return self.metrics.shared.served()

    def leave(self) -> None:
        """Say from now on that this server is not ready: it is about to stop."""
        self._leaving = True

    async def ready(self) -> None:
        """Raise unless the database answers, and this server stays."""
        if self._leaving:
            raise ServerLeaves
        await self.database.read(lambda tx: tx.exec_driver_sql("SELECT 1").scalar())

    async def health(self) -> tuple[HealthReport, Mapping[str, int]]:
        """Return the health of the runs, and how many mails are not sent for certain, by status."""
        return await self.database.read(lambda tx: (read_health(tx, self.clock.now()), count_unsent_mails(tx)))

    async def find_user(self, email: str) -> Mapping[str, Any] | None:
        """Return the account with this address as the language sees it, or None."""
        account = await self.accounts.find(email=email)
        return as_user(account) if account else None

    async def studio_link(self) -> str:
        """Return a link that signs an admin into the studio once."""
        return f"{self.settings.site_url}{SIGN_IN_PATH}?token={await self.studio_users.link()}"

    async def plan_migration(self, allow_drop: Collection[str] = (), *, finish_renames: bool = False) -> MigrationPlan:
        """Return what `migrate` would do to the project's tables; change nothing. Raises MigrationRefused."""
        return await plan(
            self.database,
            self.tables,
            self.clock,
            allow_drop=allow_drop,
            remake_empty=self.settings.is_dev,
            finish_renames=finish_renames or self.settings.is_dev,
        )

    async def pending_losses(self) -> dict[str, str]:
        """Return the stored values that the next migration would have to delete, by the name that allows it."""
        return await pending_losses(self.database, self.tables)

    async def migrate(
        self, *, allow_drop: Collection[str] = (), keep_newer: bool = False, finish_renames: bool = False
    ) -> list[str]:
        """Migrate the database to what the project needs, and return a description of each change.

        allow_drop: tables and columns whose values may be deleted, such as `coupons` and `orders.coupon`.
        keep_newer: leave tables as they are to which a newer version of the project was applied.
        finish_renames: give what was renamed its name in the database, too, as in development, where no other version
        runs.
        """
        with explain_missing_rights():
            migrated = await migrate(self.database)
            await self.claim_database()
            await self.engine.adopt_older_queue()
            changes = await migrate_tables(
                self.database,
                self.tables,
                self.clock,
                allow_drop=allow_drop,
                keep_newer=keep_newer,
                remake_empty=self.settings.is_dev,
                finish_renames=finish_renames or self.settings.is_dev,
            )
        return [*(["Payloom's own tables"] if migrated else []), *map(str, changes)]

    async def claim_database(self, stripe_account: str | None = None) -> None:
        """Refuse a database of another environment, Stripe mode or account. Raises `DatabaseOfAnother`."""
        identity = Identity(self.settings.environment, self.settings.stripe.mode, stripe_account)
        await self.database.write(lambda tx: claim(tx, identity))

    async def check_sealing(self) -> None:
        """Refuse to go on without the sealing key of the database. Raises `BadSealingKey`, `SealedByUnknownKey`."""
        await self.database.write(lambda tx: signing_key(tx, "sealing", self.clock.now()))

    async def claim_for_stripe_account(self) -> None:
        """Ask Stripe whose keys these are, and refuse the database of another account.

        Stripe that does not answer keeps no server from starting: its webhooks are taken, and the next start asks.
        """
        if self.settings.stripe.mode == "local":
            return
        try:
            account = await self.stripe.perform("accounts.retrieve_current", {}, timeout=ACCOUNT_WITHIN)
        except StepFailed as error:
            log.warning("stripe_account_unknown", reason=error.failure.kind)
            return
        await self.claim_database(account["id"])

    async def close(self) -> None:
        """Close every connection."""
        self.changes.close()
        with contextlib.suppress(PayloomError):
            await self.inbox.flush_rejections(force=True)
        # A process that does no work has prepared the engine all the same; stopping it twice does nothing.
        await self.engine.stop()
        await self.account_mails.close()
        await self.stripe.close()
        await self.http.close()
        await self.database.close()
