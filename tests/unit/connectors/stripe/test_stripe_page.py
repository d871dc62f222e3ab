"""The reference page lists the aliases and families there are. Run as a script, this file writes them into it."""

from __future__ import annotations

import pathlib
import re

from payloom.connectors.stripe.catalog import aliases, events

PAGE = pathlib.Path(__file__).parents[4] / "docs/reference/stripe.md"
FAILURES = pathlib.Path(__file__).parents[4] / "src/payloom/connectors/stripe"


def alias_table() -> str:
    rows = [
        f"| {alias.label} | `{alias.name}` | `{alias.operation}`"
        + (
            f" with {', '.join(f'`{key}: {value}`'.lower() for key, value in alias.fixed.items())}"
            if alias.fixed
            else ""
        )
        + " |"
        for alias in aliases.ALIASES
    ]
    return "\n".join(["| display name | name | operation |", "| --- | --- | --- |", *rows])


def family_table() -> str:
    rows = []
    for name, actions in sorted(events.families().items()):
        again = " *(read again)*" if name in events.STATEFUL else ""
        rows.append(f"| `{name}`{again} | {', '.join(f'`{action}`' for action in actions)} |")
    return "\n".join(["| family | actions |", "| --- | --- |", *rows])


TABLES = {"aliases": alias_table, "families": family_table}


def test_the_page_lists_what_there_is() -> None:
    page = PAGE.read_text()
    for name, table in TABLES.items():
        assert f"<!-- {name} -->\n{table()}\n<!-- end of {name} -->" in page, "run this file as a script"


def test_the_page_names_every_kind_of_failure_of_ours() -> None:
    page = PAGE.read_text()
    source = "".join(path.read_text() for path in FAILURES.glob("*.py"))
    kinds = set(re.findall(r"""(?:StepFailure|refused)\(\s*"(\w+)",""", source))
    assert {"stripe_no_answer", "outcome_unknown", "invalid_parameters"} <= kinds
    assert sorted(kind for kind in kinds if f"`{kind}`" not in page) == []


if __name__ == "__main__":
    text = PAGE.read_text()
    for name, table in TABLES.items():
        before, _, rest = text.partition(f"<!-- {name} -->")
        text = (
            f"{before}<!-- {name} -->\n{table()}\n<!-- end of {name} -->{rest.partition(f'<!-- end of {name} -->')[2]}"
        )
    PAGE.write_text(text)
