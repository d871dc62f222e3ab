"""What can go wrong with the database."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import exc

from payloom.kit.errors import PayloomError

AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.PendingRollbackError)
"""Errors of the database's state: no statement's and no row's fault. The last one: the connection was lost before."""


class DatabaseError(PayloomError):
    """The database rejected a statement."""

    code: ClassVar[str] = "database_error"
    status: ClassVar[int] = 503


class DatabaseUnavailable(DatabaseError):
    """The database is unavailable or can't write now."""

    code: ClassVar[str] = "database_unavailable"


class CommitUnknown(DatabaseError):
    """The connection was lost during the commit: the transaction might have been stored."""

    code: ClassVar[str] = "commit_unknown"


class SerializationConflict(DatabaseError):
    """A concurrent transaction held the lock. Retry the operation."""

    code: ClassVar[str] = "lost_race"


class DatabaseUrlNotUnderstood(DatabaseError):
    """The database's address is not valid."""

    code: ClassVar[str] = "database_url"
    status: ClassVar[int] = 500


class BadSealingKey(DatabaseError, exc.DontWrapMixin):
    """A sealing key is not one, or there is none."""

    code: ClassVar[str] = "bad_sealing_key"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 2


class SealedByUnknownKey(DatabaseError, exc.DontWrapMixin):
    """The database holds values that no sealing key here opens."""

    code: ClassVar[str] = "sealed_by_unknown_key"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 2


class DatabaseNewer(DatabaseError):
    """A newer version of Payloom has migrated the database."""

    code: ClassVar[str] = "database_newer"
    status: ClassVar[int] = 500


class DatabaseOfAnother(DatabaseError):
    """The database holds the rows of another environment, Stripe mode or Stripe account."""

    code: ClassVar[str] = "database_of_another"
    status: ClassVar[int] = 500


class BadBackup(DatabaseError):
    """The file is no backup, it is damaged, or it does not fit this project."""

    code: ClassVar[str] = "bad_backup"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 2


class BackupToolFailed(DatabaseError):
    """A tool of Postgres that backups need is missing, or it failed."""

    code: ClassVar[str] = "backup_tool"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 4


class DatabaseInUse(DatabaseError):
    """The database that a backup or a copy is to be written into is not empty, or a process uses it."""

    code: ClassVar[str] = "database_in_use"
    status: ClassVar[int] = 409
    exit_code: ClassVar[int] = 2


class MayNotMigrate(DatabaseError):
    """The tables are not up to date, and the database role may not change them."""

    code: ClassVar[str] = "may_not_migrate"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 4
