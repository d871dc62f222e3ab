"""How commands speak: data on stdout, words on stderr, errors with what to do next and a stable exit code."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer

from payloom.cli.support.errors import CommandError, SystemRefused
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.visible_text import visible

_REPORT_BUG = "This is a bug in Payloom. Run the command with PAYLOOM_TRACEBACK=1, and report what it prints."


class InternalError(PayloomError):
    """An unexpected error occurred in Payloom."""

    code = "internal"
    exit_code = 70

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="This is a bug in Payloom. Run the command with PAYLOOM_TRACEBACK=1, and report what it prints.",
        )


P = ParamSpec("P")
R = TypeVar("R")


_is_quiet = False


def be_quiet(quiet: bool) -> None:
    """Say whether messages for people are left out."""
    global _is_quiet  # noqa: PLW0603 - an option of the whole command line
    _is_quiet = quiet


def print_message(text: str = "") -> None:
    """Write a line for people to stderr, unless they asked for quiet."""
    if _is_quiet:
        return
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(visible(text))


def print_data(text: str) -> None:
    """Write a line of data to stdout. What a terminal would obey is written out."""
    sys.stdout.write(visible(text) + "\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Write JSON to stdout."""
    print_data(json.dumps(value, indent=2, ensure_ascii=False, default=str))


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
    from rich.console import Console
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
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


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
    from rich.console import Console
    from rich.text import Text

    code = int(getattr(error, "exit_code", 2))
    if as_json:
        print_json({"error": error.to_dict()})
        sys.exit(code)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    place = f"{error.where}: " if error.where else ""
    console.print(Text.assemble(("error: ", "bold red"), visible(f"{place}{error.message}")))
    if error.hint:
        console.print(Text.assemble(("hint: ", "bold cyan"), visible(error.hint)))
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
            _close_stdout()
            sys.exit(141)
        except Exception as error:
            if os.environ.get("PAYLOOM_TRACEBACK"):
                raise
            fail(_unexpected(error), as_json=bool(kwargs.get("as_json")))

    return run


def _unexpected(error: Exception) -> PayloomError:
    """Return what to report of an error that no command expects: the operating system's own, or one of Payloom."""
    if not isinstance(error, OSError) or error.errno is None:
        return InternalError(f"{type(error).__name__}: {error}")
    path = "" if error.filename is None else f": {error.filename}"
    hint = "Check that the path exists, its owner and permissions, and the free space. PAYLOOM_TRACEBACK=1 shows where."
    return SystemRefused(f"{error.strerror}{path}", hint=hint)


def _close_stdout() -> None:
    """Let nothing more go to a program that reads no longer, such as `head`: Python would complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
