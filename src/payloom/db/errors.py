"""What can go wrong between us and the database."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class DatabaseError(PayloomError):
    """The database could not do what was asked."""

    code: ClassVar[str] = "database_error"
    status: ClassVar[int] = 503


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached or cannot store anything right now."""

    code: ClassVar[str] = "database_unavailable"


class CommitUnknown(DatabaseError):
    """The connection was lost during the commit: the transaction may or may not have been stored."""

    code: ClassVar[str] = "commit_unknown"


class SerializationConflict(DatabaseError):
    """Work that was not to wait or to be tried again met a lock, or has to be done with more care."""

    code: ClassVar[str] = "lost_race"


class DatabaseUrlNotUnderstood(DatabaseError):
    """The database address is not understood."""

    code: ClassVar[str] = "database_url"
    status: ClassVar[int] = 500


class DatabaseNewer(DatabaseError):
    """The database was migrated by a newer version of Payloom."""

    code: ClassVar[str] = "database_newer"
    status: ClassVar[int] = 500
