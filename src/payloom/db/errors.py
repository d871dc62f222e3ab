"""What can go wrong with the database."""

from __future__ import annotations

import re
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
    exit_code: ClassVar[int] = 4


_REFUSALS = (
    ("does not match host name", "its certificate names another host", "Use the host name that the certificate names."),
    (
        "certificate verify failed",
        "its certificate is of an authority that is not trusted here",
        "Set sslrootcert in the address to the file of the authority.",
    ),
    (
        "root certificate file",
        "the file of trusted authorities cannot be read",
        "Set sslrootcert in the address to a file that Payloom can read, or to system.",
    ),
    (
        "does not support SSL",
        "it has no TLS",
        "Turn on TLS there. In a network that is private, ?sslmode=disable says so.",
    ),
    (
        "no encryption",
        "it does not let this user or host in without TLS",
        "Add ?sslmode=verify-full to the address, or change pg_hba.conf.",
    ),
    ("no pg_hba.conf entry", "it does not let this user or host in", "Add a line to its pg_hba.conf."),
    (
        "password authentication failed",
        "user and password are wrong",
        "Correct the user and the password in the address.",
    ),
    ("no password supplied", "it asks for a password, and the address has none", "Put a password into the address."),
    ('role ".*" does not exist', "there is no such user", "Correct the user in the address, or create the role."),
    (
        'database ".*" does not exist',
        "there is no such database",
        "Correct the name in the address, or create the database.",
    ),
    (
        "permission denied for database",
        "the user may not connect to this database",
        "Grant the role CONNECT on the database.",
    ),
    (
        "(could not translate|failed to resolve) host|Name or service not known",
        "its host name is not known",
        "Correct the host in the address.",
    ),
    (
        "too many clients|remaining connection slots",
        "it has no free connection",
        "Lower postgres.connections, or raise max_connections there.",
    ),
    ("Connection refused", "nothing listens at its address", "Start Postgres, or correct host and port."),
    ("timeout expired", "it did not answer in time", "Check that Postgres runs and that no firewall is in between."),
)
"""What the driver says of a failed connection, why it failed, and what to do. No part names the address."""


def unavailable(cause: object) -> DatabaseUnavailable:
    """Return the error for a database that can't be reached. cause: the driver's error, which callers must not see."""
    text = str(cause)
    for pattern, reason, hint in _REFUSALS:
        if re.search(pattern, text):
            return DatabaseUnavailable(f"The database cannot be reached: {reason}.", hint=hint)
    return DatabaseUnavailable("The database did not answer.", hint="Check that Postgres runs and can be reached.")


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
