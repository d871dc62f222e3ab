"""`payloom explain`: what an error code means; and the reference pages of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.support.error_help import NOTES
from payloom.cli.support.errors import NothingFound
from payloom.cli.support.options import JSON
from payloom.cli.support.output import print_data, print_json, report_errors
from payloom.kit.suggest import did_you_mean

if TYPE_CHECKING:
    from typing import Any


@report_errors
def explain(
    code: Annotated[str, typer.Argument(help="An error's code, such as `row_not_found`, or a rule, such as F101.")],
    as_json: JSON = False,
) -> None:
    """Say what an error code or a rule means, why it comes and what to do."""
    from payloom.workflows.checker.rules import RULES  # noqa: PLC0415

    if code.upper() in RULES:
        rule = RULES[code.upper()]
        found = {"code": rule.id, "what": rule.title, "why": rule.why, "do": rule.hint}
    elif code in NOTES:
        what = "; ".join(sorted(meanings().get(code, {code})))
        found = {"code": code, "what": what, "why": NOTES[code][0], "do": NOTES[code][1]}
    else:
        hint = did_you_mean(code, [*NOTES, *RULES]) or "Stripe's own codes stand in Stripe's documentation."
        raise NothingFound(f"no error has the code {code!r}", hint=hint)
    if as_json:
        print_json(found)
        return
    print_data(f"{found['code']}: {found['what']}")
    print_data(f"  why: {found['why']}")
    print_data(f"  do:  {found['do']}")


def meanings() -> dict[str, set[str]]:
    """Return what each code of ours says in one sentence, from the classes that bear it. Imports everything."""
    import payloom  # noqa: PLC0415
    import payloom_emulator  # noqa: PLC0415
    from payloom.kit.errors import PayloomError  # noqa: PLC0415
    from payloom_emulator.kit.errors import PayloomError as EmulatorBaseError  # noqa: PLC0415

    for package in (payloom, payloom_emulator):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    found: dict[str, set[str]] = {}
    for kind in (*_below(PayloomError), *_below(EmulatorBaseError)):
        if kind.__module__.startswith(("payloom.", "payloom_emulator.")):
            found.setdefault(kind.code, set()).add((kind.__doc__ or "").strip().splitlines()[0])
    return found


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def error_pages() -> dict[str, str]:
    """Return the reference page of each code by its name below `docs/reference/errors`, and an index."""
    found = meanings()
    pages = {}
    rows = []
    for code in sorted(found):
        why, what_to_do = NOTES[code]
        said = " ".join(sorted(found[code]))
        pages[f"{code}.md"] = f"# `{code}`\n\n{said}\n\n**Why.** {why}\n\n**What to do.** {what_to_do}\n"
        rows.append(f"| [`{code}`]({code}.md) | {said.replace('|', chr(92) + '|')} |")
    head = (
        "# Errors\n\nEvery error of Payloom has a code, a message, where it is and what to do. `payloom explain CODE` "
        "prints the same. Failures of Stripe steps bear Stripe's own codes.\n\n| code | what |\n| --- | --- |\n"
    )
    pages["index.md"] = head + "\n".join(rows) + "\n"
    return pages
