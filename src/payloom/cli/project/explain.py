"""`payloom explain`: what an error code means; and the reference pages of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.support.error_help import NOTES
from payloom.cli.support.errors import NothingFound
from payloom.cli.support.failure_help import FAILURES, FailureHelp
from payloom.cli.support.options import JSON
from payloom.cli.support.output import print_data, print_json, report_errors
from payloom.cli.support.word_help import WORDS
from payloom.kit.suggest import did_you_mean
from payloom.settings.sections.alert_rules import ALERT_RULES

if TYPE_CHECKING:
    from typing import Any


_STRIPE_CODES = "If a Stripe step failed with it, see https://docs.stripe.com/error-codes and /declines/codes."


@report_errors
def explain(
    code: Annotated[
        str,
        typer.Argument(
            help="A code, a failure kind, a rule, an alert, a status, or a reason: `timeout`, F101, `parked`, `too_old`."
        ),
    ],
    as_json: JSON = False,
) -> None:
    """Explain a code, a failure kind, a rule, an alert, a status, or a reason: meaning, cause, and what to do."""
    from payloom.workflows.checker.rules import RULES

    if code.upper() in RULES:
        rule = RULES[code.upper()]
        meaning = {"code": rule.id, "what": rule.title, "why": rule.why, "do": rule.hint}
    elif code in NOTES:
        summary = "; ".join(sorted(meanings().get(code, {code})))
        meaning = {"code": code, "what": summary, "why": NOTES[code][0], "do": NOTES[code][1]}
    elif code in FAILURES:
        meaning = {"code": code, **FAILURES[code]._asdict()}
    elif code in ALERT_RULES:
        alert = ALERT_RULES[code]
        meaning = {"code": code, "what": alert.fires, "why": alert.why, "do": " ".join(alert.do)}
    elif (word := code.upper() if code.upper() in WORDS else code) in WORDS:
        meaning = {"code": word, **WORDS[word]._asdict()}
    else:
        hint = did_you_mean(code, [*NOTES, *FAILURES, *RULES, *ALERT_RULES, *WORDS]) or _STRIPE_CODES
        raise NothingFound(f"no error has the code {code!r}", hint=hint)
    if as_json:
        print_json(meaning)
        return
    print_data(f"{meaning['code']}: {meaning['what']}")
    print_data(f"  why: {meaning['why']}")
    print_data(f"  do:  {meaning['do']}")


def meanings() -> dict[str, set[str]]:
    """Return what each code of ours says in one sentence, from the classes that bear it. Imports everything."""
    import payloom
    import payloom_emulator
    from payloom.kit.errors import PayloomError
    from payloom_emulator.kit.errors import PayloomError as EmulatorBaseError

    for package in (payloom, payloom_emulator):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                _import(module.name)
    codes: dict[str, set[str]] = {}
    for kind in (*_below(PayloomError), *_below(EmulatorBaseError)):
        if kind.__module__.startswith(("payloom.", "payloom_emulator.")):
            codes.setdefault(kind.code, set()).add((kind.__doc__ or "").strip().splitlines()[0])
    return codes


def _import(module: str) -> None:
    """Import one of our modules. A pytest plugin, which bears no code of ours, is left out where there is no pytest."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != "pytest":
            raise


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _below(subclass)


def error_pages() -> dict[str, str]:
    """Return the reference page of each code by its name below `docs/reference/errors`, and an index."""
    by_code = meanings()
    pages: dict[str, str] = {}
    rows: list[str] = []
    for code in sorted(by_code):
        why, what_to_do = NOTES[code]
        text = " ".join(sorted(by_code[code]))
        pages[f"{code}.md"] = f"# `{code}`\n\n{text}\n\n**Why.** {why}\n\n**What to do.** {what_to_do}\n"
        rows.append(f"| [`{code}`]({code}.md) | {text.replace('|', chr(92) + '|')} |")
    pages["index.md"] = _INDEX_HEAD + "\n".join(rows) + "\n"
    pages["failure-kinds.md"] = _FAILURES_HEAD + _table(FAILURES)
    pages["words.md"] = _WORDS_HEAD + _table(WORDS)
    return pages


_INDEX_HEAD = """# Errors

Every error of Payloom has a code, a message, where it is and what to do. `payloom explain CODE` prints the same.
Steps fail with these codes, with the kinds of [failure-kinds](failure-kinds.md), or with Stripe's own codes. Statuses of runs and
events, and reasons of rejected requests, are [words](words.md).

| code | what |
| --- | --- |
"""
_FAILURES_HEAD = """# Failure kinds of steps

A failed step has a `kind`. `catch` compares with it, and `payloom explain KIND` prints its line of this table.

| kind | what | why | what to do |
| --- | --- | --- | --- |
"""


_WORDS_HEAD = """# Statuses and reasons

Lists, metrics, the studio, and storms use these words. `payloom explain WORD` prints its line of this table. A word that is also an
error code, a failure kind, or an alert is explained there.

| word | what | why | what to do |
| --- | --- | --- | --- |
"""


def _table(entries: Mapping[str, FailureHelp]) -> str:
    rows = (f"| `{word}` | {entry.what} | {entry.why} | {entry.do} |\n" for word, entry in sorted(entries.items()))
    return "".join(rows)


def runbooks() -> dict[str, str]:
    """Return the runbook of each alert by its name below `docs/reference/alerts`, and an index."""
    rows = [
        f"| [`{name}`]({name}.md) | {rule.fires} | {'below ' if rule.below else ''}`{rule.default}` |\n"
        for name, rule in ALERT_RULES.items()
    ]
    pages = {f"{name}.md": _runbook(name) for name in ALERT_RULES}
    return {**pages, "index.md": _ALERTS_HEAD + "".join(rows) + _ALERTS_FOOT}


def _runbook(name: str) -> str:
    rule = ALERT_RULES[name]
    return _RUNBOOK.format(
        name=name,
        rule=rule,
        side="It fires below the threshold." if rule.below else "It fires at the threshold and above.",
        machine=" Each machine has an alert of its own." if rule.by_machine else "",
        look="\n".join(rule.look),
        steps="\n".join(f"{number}. {step}" for number, step in enumerate(rule.do, 1)),
    )


_RUNBOOK = """# {rule.title} (`{name}`)

{rule.fires}

The threshold is `alerts.rules.{name}`, by default `{rule.default}`. {side}{machine}

## Usual causes

{rule.why}

## Look

```
{look}
```

## What to do

{steps}

The alert ends, and a message says so, when the condition has been gone for 5 minutes.
"""

_ALERTS_HEAD = """# Alerts

Payloom measures its own health twice a minute, and tells people when something needs them and when it is over. Each alert has a page with
its causes and what to do. `payloom explain NAME` prints the same. [Alerts](../../guides/alerts.md) says how to set them up.

| alert | it fires when | default |
| --- | --- | --- |
"""
_ALERTS_FOOT = """
`off` turns an alert off: `alerts: {rules: {set_aside: off}}`.
"""
