"""Names are the field's words: no word that says nothing, no private word, one spelling for each."""

from __future__ import annotations

import ast
import functools
import re
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.packages.source_trees import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PYTHON = sorted(
    path
    for pattern in ("src/**/*.py", "emulator/**/*.py", "tests/**/*.py", "bench/**/*.py", "studio/build.py", "*.py")
    for path in ROOT.glob(pattern)
    # Generated from Stripe's specification, by Stripe's names (`test_helpers`).
    if ".venv" not in path.parts and "payloom_emulator/objects/params/" not in path.as_posix()
)
STUDIO = sorted((ROOT / "studio" / "src").rglob("*.ts*"))
# As whole words in the names of classes, functions and files.
BANNED = {
    "common", "doorman", "figures", "helper", "helpers", "manager", "misc", "scratch", "stage", "story", "thing",
    "things", "util", "utils", "world",
}  # fmt: skip
# As the whole name of a class or a file: what they hold has a name of its own.
BANNED_ALONE = {"Kept", "Parts", "Told", "parts"}
# As local names: they say that something is there, not what it is.
BANNED_LOCALS = {
    "all_", "asked", "came", "every", "everything", "found", "given", "gone", "held", "it", "kept", "looked", "made",
    "mine", "one", "ours", "said", "shown", "some", "stuff", "taken", "theirs", "thing", "things", "told", "took",
    "wanted", "what", "who",
}  # fmt: skip
# A keyword argument of a table verb is named as its key in a workflow.
KEYS_OF_THE_LANGUAGE = {("src/payloom/tables/query/sql.py", "one")}
# What stands under `given` in a case file is called so by the rooms that play case files.
CASE_FILE_ROOMS = ("src/payloom/sandbox/", "src/payloom/testing/")
_TS_WORDS = "|".join(sorted(BANNED_LOCALS))
TS_LOCAL = re.compile(rf"\b(?:const|let)\s+(?:\[\s*)?({_TS_WORDS})\b|\(({_TS_WORDS})(?:: [\w<>\[\]]+)?(?:, \w+)?\) =>")
# Each pair: what we do not write, what we write. Python's and Stripe's own names stay theirs (`CancelledError`).
SPELLINGS = {
    "analyse": "analyze",
    "behaviour": "behavior",
    "catalogue": "catalog",
    "colour": "color",
    "licence": "license",
    "normalise": "normalize",
    "normalised": "normalized",
    "serialise": "serialize",
    "synchronise": "synchronize",
}
# The HTTP path keeps the name that clients know.
KEPT = re.compile(r"/catalogue")


DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def words(name: str) -> list[str]:
    """Return the words of a name in any case, in lower case: `HTTPServer_parts` has `http`, `server`, `parts`."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def defined(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the names that a file defines, with their lines; the names of tests are sentences and are left out."""
    yield path.stem, 1
    for node in statements(path):
        if isinstance(node, DEFINITIONS) and not node.name.startswith("test_"):
            yield node.name, node.lineno


def test_no_class_function_or_file_has_a_banned_word() -> None:
    breaches = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in PYTHON
        for name, line in defined(path)
        if BANNED.intersection(words(name)) or name in BANNED_ALONE
    ]
    assert breaches == []


def local_names(text: str) -> Iterator[tuple[str, int]]:
    """Yield the local names of all functions and comprehensions, parameters too, with the line where each begins."""
    waiting = [compile(text, "text", "exec", dont_inherit=True)]
    while waiting:
        code = waiting.pop()
        for name in (*code.co_varnames, *code.co_cellvars):
            yield name, code.co_firstlineno
        waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def test_a_local_name_says_what_it_holds() -> None:
    breaches = {
        f"{name}:{line} {local}"
        for path in PYTHON
        for name in [path.relative_to(ROOT).as_posix()]
        for local, line in local_names(path.read_text("utf-8"))
        if local in BANNED_LOCALS
        and (name, local) not in KEYS_OF_THE_LANGUAGE
        and not (local == "given" and name.startswith(CASE_FILE_ROOMS))
    }
    assert sorted(breaches) == []


def test_a_local_name_of_the_studio_says_what_it_holds() -> None:
    breaches = [
        f"{path.relative_to(ROOT)}:{line} {match[1] or match[2]}"
        for path in STUDIO
        for line, text in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := TS_LOCAL.search(text))
    ]
    assert breaches == []


@pytest.mark.parametrize(
    "code", ["const one = 1", "let [kept] = x", "rows.map((one) => one.id)", "(it: Row, at) => it"]
)
def test_a_local_name_of_the_studio_would_be_found(code: str) -> None:
    assert TS_LOCAL.search(code)


def test_local_names_are_parameters_and_assigned_names() -> None:
    text = "found = [one for one in ()]\ndef f(given):\n    for told, _ in given:\n        x = lambda said: told\n"
    assert {name for name, _ in local_names(text)} - {".0"} == {"one", "given", "told", "_", "x", "said"}


@functools.cache
def lines_with_british_words() -> list[tuple[str, str]]:
    """Return the lines that may hold one of the spellings, with their places: all files are read once."""
    either = re.compile("|".join(SPELLINGS), re.IGNORECASE)
    return [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in (*PYTHON, *STUDIO)
        if path != Path(__file__) and either.search(whole := path.read_text("utf-8"))
        for line, text in enumerate(whole.splitlines(), 1)
        if either.search(text)
    ]


@pytest.mark.parametrize("british", sorted(SPELLINGS))
def test_one_spelling(british: str) -> None:
    pattern = re.compile(rf"(?<![a-z]){british}(?![a-z])|{british.capitalize()}(?![a-z])")
    breaches = [place for place, text in lines_with_british_words() if pattern.search(KEPT.sub("", text))]
    assert breaches == [], f"write {SPELLINGS[british]!r}"


def test_the_words_of_a_name() -> None:
    assert words("HTTPServer_parts2of") == ["http", "server", "parts", "of"]
    assert words("testStage") == ["test", "stage"]
