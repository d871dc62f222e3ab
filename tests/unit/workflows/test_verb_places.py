"""Every verb is in every place that a verb needs. A new verb that lacks one fails here; the message names the file."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.workflows.test_builder_round_trip import EVERY_VERB

from payloom.workflows import builder
from payloom.workflows.authoring import generate
from payloom.workflows.authoring.steps import FUNCTIONS
from payloom.workflows.checker import flow
from payloom.workflows.interpreter.verbs.nodes import NODES
from payloom.workflows.program.node import Node
from payloom.workflows.reference import notes
from payloom.workflows.reference.studio import STUDIO_FILE, studio_language
from payloom.workflows.syntax import outline
from payloom.workflows.syntax.filemodel.step_keys import STEP_LIST_KEYS, STEP_MAP_KEYS
from payloom.workflows.syntax.filemodel.steps import VERBS, While

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
SOURCE = "src/payloom/workflows"
CONTAINERS = {
    verb
    for verb, model in VERBS.items()
    if {field.alias or name for name, field in model.model_fields.items()}
    & ((STEP_LIST_KEYS - {"on_error"}) | STEP_MAP_KEYS)
}
"""The verbs with steps inside."""


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def has_key(path: str, verb: str) -> bool:
    """Whether a table of a TypeScript file has the verb as a key."""
    return re.search(rf"^  {verb}: ", read(path), re.MULTILINE) is not None


def has_case(path: str, verb: str) -> bool:
    return f'case "{verb}":' in read(path)


def is_exported(verb: str) -> bool:
    """Whether the builder's function of the verb can be imported; some verbs are methods of a table, or of `x`."""
    function = FUNCTIONS.get(verb)
    return function is None or function.__name__ in builder.__all__


def is_written(verb: str) -> bool:
    return verb in FUNCTIONS or hasattr(generate._Writer, f"_{verb}")


def has_flow(verb: str) -> bool:
    if verb not in CONTAINERS:
        return True
    return re.search(rf"\b{NODES[verb].__name__}\(\)", inspect.getsource(flow)) is not None


def has_outline(verb: str) -> bool:
    return verb not in CONTAINERS or f'"{verb}"' in inspect.getsource(outline)


PLACES: dict[str, Callable[[str], bool]] = {
    f"{SOURCE}/syntax/filemodel/steps.py: a docstring": lambda verb: bool(VERBS[verb].__doc__),
    f"{SOURCE}/interpreter/verbs/: a node": lambda verb: verb in NODES and NODES[verb].run is not Node.run,
    f"{SOURCE}/checker/flow.py: a case, as it has steps inside": has_flow,
    f"{SOURCE}/syntax/outline.py: its branches": has_outline,
    f"{SOURCE}/authoring/steps.py or authoring/generate.py: a way to write it in Python": is_written,
    f"{SOURCE}/builder/__init__.py: the name of its function": is_exported,
    f"{SOURCE}/reference/notes.py: a note with a snippet": lambda verb: (
        verb in notes.VERBS and verb in notes.VERBS[verb].snippet
    ),
    "docs/reference/language/verbs/: a page (python -m payloom.workflows.reference docs/reference/language)": lambda verb: (
        (ROOT / f"docs/reference/language/verbs/{verb}.md").is_file()
    ),
    "docs/reference/language/index.md: a line": lambda verb: (
        f"(verbs/{verb}.md)" in read("docs/reference/language/index.md")
    ),
    f"{STUDIO_FILE}: the word (python -m payloom.workflows.reference docs/reference/language)": lambda verb: (
        f'  "{verb}",\n' in read(STUDIO_FILE).partition("as const")[0]
    ),
    "studio/src/model/document/verbs.ts: a family, a title and a new step": lambda verb: has_key(
        "studio/src/model/document/verbs.ts", verb
    ),
    "studio/src/model/graph/graph.ts: its branches": lambda verb: (
        verb not in CONTAINERS or has_case("studio/src/model/graph/graph.ts", verb)
    ),
    "studio/src/ui/format/verbs.ts: an icon": lambda verb: has_key("studio/src/ui/format/verbs.ts", verb),
    "tests/unit/workflows/test_verbs.py: a test of what it does": lambda verb: (
        re.search(rf"\b{verb}:", read("tests/unit/workflows/test_verbs.py")) is not None
    ),
    "tests/unit/workflows/test_builder_round_trip.py: the verb in EVERY_VERB": lambda verb: (
        re.search(rf"\b{verb}:", EVERY_VERB) is not None
    ),
}
"""Where a verb must be, and how one sees it there."""


def missing(verb: str) -> list[str]:
    """Return the places where the verb is not."""
    places: list[str] = []
    for place, is_there in PLACES.items():
        try:
            there = is_there(verb)
        except KeyError:
            there = False
        if not there:
            places.append(place)
    return places


@pytest.mark.parametrize("verb", VERBS)
def test_the_verb_is_in_every_place(verb: str) -> None:
    assert missing(verb) == [], f"add `{verb}` there; see docs/contribute/add-a-step-verb.md"


class Repeat(While):
    """A verb of which there is only the model."""

    verb = "repeat"


def test_a_verb_of_which_there_is_only_the_model_is_missed_everywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERBS, "repeat", Repeat)
    monkeypatch.setattr(f"{__name__}.CONTAINERS", CONTAINERS | {"repeat"})
    there = set(PLACES) - set(missing("repeat"))
    model, function = next(iter(PLACES)), f"{SOURCE}/builder/__init__.py: the name of its function"
    assert there == {model, function}, "what has no function has no name to export"


def test_the_words_of_the_studio_are_up_to_date() -> None:
    assert read(STUDIO_FILE) == studio_language(), "run python -m payloom.workflows.reference docs/reference/language"


def test_the_verbs_stand_in_the_order_of_their_models() -> None:
    text = read(f"{SOURCE}/syntax/filemodel/steps.py")
    assert re.findall(r'verb: ClassVar\[str\] = "(\w+)"', text) == list(VERBS)
    assert len(CONTAINERS) == 7
