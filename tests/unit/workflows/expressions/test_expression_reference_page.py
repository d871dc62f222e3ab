"""The reference page says what the code does: its tables are the registry's, and its examples compile.

`python tests/unit/workflows/expressions/test_expression_reference_page.py` writes the tables into the page again.
"""

from __future__ import annotations

import pathlib

import pytest

from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.functions.library import FUNCTIONS, HAS, MACROS, METHODS, Function

PAGE = pathlib.Path(__file__).parents[4] / "docs/reference/language/expressions.md"
TABLES: dict[str, list[Function]] = {
    "functions": [*FUNCTIONS.values(), HAS],
    "methods": list(METHODS.values()),
    "macros": list(MACROS.values()),
}


def table(functions: list[Function]) -> str:
    rows = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(function)) + " |"
        for function in sorted(functions, key=lambda function: function.name)
    ]
    return "\n".join(["| | | e.g. |", "| --- | --- | --- |", *rows])


def _cells(function: Function) -> tuple[str, str, str]:
    return f"`{function.signature}`", function.summary, f"`{function.example}`"


def written(page: str) -> str:
    for name, functions in TABLES.items():
        before, _, rest = page.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- end of {name} -->")
        page = f"{before}<!-- {name} -->\n{table(functions)}\n<!-- end of {name} -->{after}"
    return page


def test_the_page_lists_what_there_is() -> None:
    page = PAGE.read_text()
    assert all(table(functions) in page for functions in TABLES.values()), (
        "run python tests/unit/workflows/expressions/test_expression_reference_page.py"
    )


@pytest.mark.parametrize(
    "function", [function for group in TABLES.values() for function in group], ids=lambda f: f.name
)
def test_every_example_compiles_and_uses_what_it_shows(function: Function) -> None:
    assert function.name in compile_expression(function.example).calls


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
