"""What the loader says about files that are wrong: all of it, at the right place, with what to do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import EXAMPLES, load

from payloom.kit.yaml.parser import MAX_NODES
from payloom.kit.yaml.reader import read_source
from payloom.workflows.compiler.compile import load_model
from payloom.workflows.errors import BrokenModel

HEAD = "name: T\non: {manual: true}\n"


def said(text: str) -> list[str]:
    """The errors, without the file's name."""
    loaded = load(text)
    assert loaded.workflow is None
    return [error.format().removeprefix("test.yaml:") for error in loaded.errors]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the file is empty (a workflow needs name, on and steps)"),
        ("- a\n", "1:1: a workflow is a map (it needs name, on and steps)"),
        ("a: [1\n", "2:1: not valid YAML"),
        ("a:\n\tb: 1\n", "indent with blanks, not tabs"),
        ("a: &x 1\n", "1:4: anchors (&x) are not allowed"),
        ("a: 1\nb: *a\n", "2:4: aliases (*a) are not allowed"),
        ("<<: {a: 1}\n", "1:1: merge keys (<<) are not allowed"),
        ("a: !!int '1'\n", "1:4: tags"),
        ("a: 1\na: 2\n", "2:1: `a` stands twice (the first is on line 1)"),
        ("a: 1\n---\nb: 1\n", "one file holds one document"),
        ("a: " + "[" * 40 + "]" * 40 + "\n", "nested deeper than 32 levels"),
        ("a: [" + "1," * (MAX_NODES + 1) + "]\n", "more than 20,000 nodes"),
        ("a: " + "x" * 300_000, "larger than 256 KB"),
        ("a: 99999999999999999999\n", "1:4: a whole number is outside the 64-bit range"),
        ("? [a]\n: 1\n", "1:3: a key must be text"),
        ("a: \ue000\n", "U+E000"),
    ],
)
def test_refuses_yaml_that_is_more_than_data(text: str, message: str) -> None:
    assert any(message in line for line in said(text)), said(text)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("- update: users\n  wher: {id: 1}\n  set: {plan: x}\n", "5:3: `wher`: did you mean `where`?"),
        ("- strpe: customers.create\n", "4:3: unknown verb `strpe`: did you mean `stripe`?"),
        ("- update: users\n  select: users\n  where: {id: 1}\n  set: {plan: x}\n", "`select` is a second one"),
        ("- log: 3\n", "4:8: `log` takes text, found a whole number"),
        ("- just text\n", "4:3: a step is a map such as `log: text`"),
        ("- foo: 1\n", "this step has no known verb"),
        ("- select: users\n  where: {id: 1}\n  retry: 3\n", "only stripe, email, http and python steps take it"),
        ("- stripe: customers.create\n  retry: {attempt: 3}\n", "5:11: `retry` does not know `attempt`"),
        ("- update: users\n  where: {id: 1}\n  set: {plan: x}\n  rows: 3..1\n", "upside down"),
        ("- wait: 3 days\n", "'3 days' is not a duration"),
        ("- http: https://x.y\n", "write a method and an address"),
        ("- id: Bad-Id\n  log: x\n", "small letters, digits and _"),
        ("- switch: event.action\n  cases: {}\n  default: stopp\n", "did you mean 'stop'?"),
        ("- if: true\n", "`if` needs `then`"),
    ],
)
def test_says_what_is_wrong_with_a_step(steps: str, message: str) -> None:
    assert any(message in line for line in said(HEAD + "steps:\n" + steps)), said(HEAD + "steps:\n" + steps)


@pytest.mark.parametrize(
    ("on", "message"),
    [
        ("{api: POST /x}", "2:5: `api` needs `auth` (an endpoint without `auth` does not load"),
        ("{api: post /x, auth: user}", "2:11: `api`: write a method and a path"),
        ("{api: 'POST /x/{a}/{a}', auth: user}", "the path has a name twice"),
        ("{api: POST /x, auth: user, rate_limit: 10 per day}", "write 10/minute, 100/1h or 5/10s"),
        ("{schedule: '61 * * * *'}", "not a cron line"),
        ("{schedule: '1 * * * *', timezone: Mars/City}", "unknown time zone"),
        ("{manual: false}", "`manual` takes true, found false"),
        ("{webhook: x}", "this trigger has no known kind"),
        ("{strpe: charge}", "unknown trigger `strpe`: did you mean `stripe`?"),
        ("[]", "`on` is empty"),
    ],
)
def test_says_what_is_wrong_with_a_trigger(on: str, message: str) -> None:
    assert any(message in line for line in said(f"name: T\non: {on}\nsteps: [{{log: x}}]\n"))


@pytest.mark.parametrize(
    ("line", "corrected"),
    [
        ("return: {id: ${{ run.id }}}", 'return: {id: "${{ run.id }}"}'),
        ("return: ${{ 1 > 2 ? 'a' : 'b' }}", "return: \"${{ 1 > 2 ? 'a' : 'b' }}\""),
        ("return: ${{ {'a': 1} }}", "return: \"${{ {'a': 1} }}\""),
        ('return: ${{ 1 > 2 ? "a" : "b" }}', 'return: \'${{ 1 > 2 ? "a" : "b" }}\''),
    ],
)
def test_an_unquoted_expression_is_shown_corrected(line: str, corrected: str) -> None:
    errors = said(HEAD + f"steps:\n  - {line}\n  - log: ${{{{ mony(1) }}}}\n")
    assert any("quote this value" in error and f"write: - {corrected}" in error for error in errors), errors
    # … and the rest of the file is checked all the same, at its true place.
    assert any(error.startswith("5:14: unknown function `mony`") for error in errors), errors
    fixed = load(HEAD + f"steps:\n  - {corrected}\n")
    assert fixed.workflow is not None


def test_mistakes_of_shape_and_of_expressions_come_together() -> None:
    errors = said(
        """\
name: T
on: {api: POST /x}
input: {a: strng, b: int 5..1}
steps:
  - updat: users
  - if: a &&
    then: []
  - log: ${{ mony(1) }} ${{
"""
    )
    assert [error.partition(": ")[0] for error in errors] == ["2:5", "3:12", "3:22", "5:5", "6:13", "8:14", "8:25"]


def test_on_is_understood_when_an_old_yaml_library_wrote_it() -> None:
    assert load("name: T\ntrue: {manual: true}\nsteps: [{log: x}]\n").workflow is not None


def test_a_place_inside_a_block_of_text_is_found() -> None:
    errors = said(HEAD + "steps:\n  - log: |\n      first line\n      Hello ${{ inputs.nobody }}\n")
    assert errors[0].startswith("6:17: `inputs` has no field `nobody`")


def test_words_and_numbers_are_read_as_yaml_1_2() -> None:
    source = read_source("[on, yes, 0o17, 1_000, 2026-01-01, 1.5, ~, .inf, 1e3, 007]", "f")
    assert source.data == ["on", "yes", 15, "1_000", "2026-01-01", 1.5, None, ".inf", 1000.0, 7]


def test_a_stored_version_of_another_language_is_refused() -> None:
    model = load((EXAMPLES / "refund.yaml").read_text()).workflow
    assert model is not None
    with pytest.raises(BrokenModel, match="language 2"):
        load_model({**model.to_model(), "language": 2}, "refund")
    with pytest.raises(BrokenModel):
        load_model({**model.to_model(), "steps": [{"nope": 1}]}, "refund")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES.glob("*.yaml"))), st.data())
def test_a_damaged_file_never_breaks_the_loader(path: object, data: st.DataObject) -> None:
    """Cut something out of a real file, or put something in, and load it."""
    text = path.read_text()  # pyright: ignore[reportAttributeAccessIssue] - the parameter is a path
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    pieces = ["", "${{", "}}", ": ", "- ", "{", "[", "'", '"', "\n", "\t", "#", "&a ", "*a", "|\n", "?"]
    put = data.draw(st.sampled_from(pieces))
    loaded = load(text[:at] + put + text[at + length :])
    assert loaded.workflow is not None or loaded.errors
    for diagnostic in loaded.diagnostics:
        assert diagnostic.line >= 1
        assert diagnostic.column >= 1


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("abon:- {}[]'\"|>#&*!?%@`,\n\t0123$/\\éあ\x00\ue000"), max_size=200))
def test_any_text_is_loaded_or_refused(text: str) -> None:
    loaded = load(text)
    assert loaded.errors
