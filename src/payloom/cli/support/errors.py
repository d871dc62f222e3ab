"""Why a command could not do its job, each with the exit code it ends with.

PayloomError
└── CommandError             2
    ├── NotAProject          2
    ├── FolderInUse          2
    ├── NothingFound         3
    ├── PortTaken            4
    ├── AlreadyServed        4
    ├── ServerUnreachable    4
    ├── SystemRefused        4
    └── ChildDied            4
"""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class CommandError(PayloomError):
    """The command can't run with these options."""

    code: ClassVar[str] = "command_error"
    exit_code: ClassVar[int] = 2


class NotAProject(CommandError):
    """There is no payloom.yaml in this folder or its parents."""

    code: ClassVar[str] = "not_a_project"


class FolderInUse(CommandError):
    """The folder is not empty."""

    code: ClassVar[str] = "folder_in_use"


class NothingFound(CommandError):
    """Nothing has that name."""

    code: ClassVar[str] = "nothing_found"
    exit_code: ClassVar[int] = 3


class PortTaken(CommandError):
    """The port is in use."""

    code: ClassVar[str] = "port_taken"
    exit_code: ClassVar[int] = 4


class AlreadyServed(CommandError):
    """Another process serves this project."""

    code: ClassVar[str] = "already_served"
    exit_code: ClassVar[int] = 4


class ServerUnreachable(CommandError):
    """The project's server does not respond."""

    code: ClassVar[str] = "server_unreachable"
    exit_code: ClassVar[int] = 4


class SystemRefused(CommandError):
    """The operating system refused a file, a program, or an address."""

    code: ClassVar[str] = "system_refused"
    exit_code: ClassVar[int] = 4


class ChildDied(CommandError):
    """A child process exited unexpectedly."""

    code: ClassVar[str] = "child_died"
    exit_code: ClassVar[int] = 4
