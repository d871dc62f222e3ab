"""How commands speak: data on stdout, words on stderr, errors with what to do next and a stable exit code."""

from __future__ import annotations

import functools
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import typer

from payloom.cli.support.errors import CommandError, SystemRefused
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.visible_text import visible

if TYPE_CHECKING:
    from rich.console import Console

_REPORT_BUG = "This is a bug in Payloom. Run the command with PAYLOOM_TRACEBACK=1, and report what it prints."


class InternalError(PayloomError):
    """An unexpected error occurred in Payloom."""

    code = "internal"
    exit_code = 70

    def __init__(self, message: str) -> None:
        super().__init__(message, hint=_REPORT_BUG)


P = ParamSpec("P")
R = TypeVar("R")


_is_quiet = False


def be_quiet(quiet: bool) -> None:
    """Say whether messages for people are left out."""
    global _is_quiet  # noqa: PLW0603 - an option of the whole command line
    _is_quiet = quiet


def print_message(text: str = "", style: str = "") -> None:
    """Write a line for people to stderr, unless they asked for quiet. It is shown as it is, brackets included."""
    if _is_quiet:
        return
    from rich.text import Text

    _console(stderr=True, soft_wrap=True).print(Text(visible(text), style))


def print_data(text: str) -> None:
    """Write a line of data to stdout. What a terminal would obey is written out."""
    write_data(visible(text) + "\n")


def write_data(text: str) -> None:
    """Write text to stdout, now: when Python ends, nobody could say any more that there was no room."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _end_unread()
    except OSError as error:
        _discard(1)
        fail(_unexpected(error))  # as text: JSON would go where nothing can


def print_json(value: Any) -> None:
    """Write JSON to stdout."""
    print_data(json.dumps(value, indent=2, ensure_ascii=not can_write_all(), default=str))


def can_write_all() -> bool:
    """Tell whether stdout's encoding has every character."""
    return sys.stdout.encoding.lower().startswith("utf")


def prepare_streams() -> None:
    """Make stdin, stdout, and stderr usable: one that is closed is empty, and a character that it lacks is written out.

    A closed one's descriptor is taken, too: the next file would get it, and with it what a child process prints.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for the process's life
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="backslashreplace")


def _console(**options: Any) -> Console:
    """Return a console that ends the command, as everywhere, if the program that reads its output reads no longer."""
    from rich.console import Console

    class PipedConsole(Console):
        def on_broken_pipe(self) -> None:
            _end_unread()

    return PipedConsole(highlight=False, **options)


def print_no_rows(plural: str, *filters: object, hint: str = "") -> None:
    """Say that a list is empty, or that nothing fits its filters. hint: where the things come from."""
    if any(filters):
        print_message(f"No {plural} match.")
    else:
        print_message(f"No {plural} yet. {hint}".rstrip())


def moment(value: str | None) -> str:
    """Return an ISO 8601 timestamp as people read it: `2026-12-01 01:07:31`, in UTC; nothing for None."""
    return "" if value is None else value.replace("T", " ")[:19]


def ask_to_confirm(question: str, refusal: str) -> None:
    """Ask, and return if the answer is yes. Raises CommandError with `refusal` if not, or without a terminal."""
    if not (sys.stdin.isatty() and typer.confirm(question, err=True)):
        raise CommandError(refusal, hint="Confirm in a terminal, or add --yes.")


def print_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table to stdout; cells are shown as they are, not as markup.

    Columns named `at` or `…_at` hold timestamps.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    times = [column == "at" or column.endswith("_at") for column in columns]
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        texts = (
            moment(cell) if isinstance(cell, str) and is_time else cell
            for cell, is_time in zip(row, times, strict=True)
        )
        table.add_row(*(cell if isinstance(cell, Text) else Text(visible(cell_text(cell))) for cell in texts))
    console = _console(width=None if sys.stdout.isatty() else 160)
    with console.capture() as text:
        console.print(table)
    write_data(text.get())


def cell_text(value: Any) -> str:
    """Return a value as people read it: nothing for None, a list with commas, a map as JSON."""
    if value is None:
        return ""
    if is_list(value):
        return ", ".join(map(cell_text, value))
    return (
        json.dumps(value, ensure_ascii=False, default=str) if is_dict(value) or isinstance(value, bool) else str(value)
    )


def fail(error: PayloomError, *, as_json: bool = False) -> NoReturn:
    """Report an error and end with its exit code."""
    from rich.text import Text

    code = int(getattr(error, "exit_code", 2))
    if as_json:
        print_json({"error": error.to_dict()})
        sys.exit(code)
    console = _console(stderr=True, soft_wrap=True)
    place = f"{error.where}: " if error.where else ""
    try:
        console.print(Text.assemble(("error: ", "bold red"), visible(f"{place}{error.message}")))
        if error.hint:
            console.print(Text.assemble(("hint: ", "bold cyan"), visible(error.hint)))
        sys.stderr.flush()
    except OSError:
        _discard(2)  # the disk with the log is full, too: the exit code says it
    sys.exit(code)


def report_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a command's PayloomErrors into reports, in JSON when it was asked for."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except PayloomError as error:
            fail(error, as_json=bool(kwargs.get("as_json")))
        except (KeyboardInterrupt, typer.Abort):
            sys.exit(130)
        except BrokenPipeError:
            _end_unread()
        except Exception as error:
            if os.environ.get("PAYLOOM_TRACEBACK"):
                raise
            fail(_unexpected(error), as_json=bool(kwargs.get("as_json")))

    return run


def _unexpected(error: Exception) -> PayloomError:
    """Return what to report of an error that no command expects: the system's, the database's, or one of Payloom."""
    if "sqlalchemy" in sys.modules:
        from payloom.db.errors import AWAY, unavailable

        if isinstance(error, AWAY):
            return unavailable(error)
    if not isinstance(error, OSError) or error.errno is None:
        return InternalError(f"{type(error).__name__}: {error}")
    path = "" if error.filename is None else f": {error.filename}"
    hint = "Check that the path exists, its owner and permissions, and the free space. PAYLOOM_TRACEBACK=1 shows where."
    return SystemRefused(f"{error.strerror}{path}", hint=hint)


def _end_unread() -> NoReturn:
    """End because a program reads no longer, such as `head`."""
    _discard(1, 2)
    sys.exit(141)


def _discard(*descriptors: int) -> None:
    """Let nothing more go to these descriptors: at its end, Python would try again, and complain."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
