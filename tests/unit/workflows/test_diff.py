"""`payloom diff`: what changed, in words; nothing when nothing changed."""

from __future__ import annotations

from tests.support.workflow_driver import EXAMPLES, example, unchecked

from payloom.workflows.program.diff import diff


def changes(before: str, after: str) -> list[str]:
    """The lines for two documents of steps."""
    head = "name: T\non: {manual: true}\nsteps:\n"
    return [change.format() for change in diff(unchecked(head + before), unchecked(head + after))]


def test_comments_layout_and_order_of_keys_are_no_change() -> None:
    text = (EXAMPLES / "refund.yaml").read_text()
    reordered = text.replace("name: Refund an order\n", "").rstrip() + "\n# end\nname: 'Refund an order'\n"
    assert diff(example("refund"), unchecked(reordered)) == ()


def test_a_changed_value_is_shown_with_its_step() -> None:
    before = "  - {id: paid, update: orders, where: {id: 1}, set: {status: paid}}\n"
    assert changes(before, before.replace("status: paid", "status: settled")) == [
        'changed steps[0] (paid, update orders).set.status: "paid" → "settled"'
    ]


def test_a_step_put_in_between_is_one_change() -> None:
    before = "  - log: a\n  - log: b\n"
    assert changes(before, "  - log: a\n  - email: receipt\n    to: a@b.c\n  - log: b\n") == [
        'added steps[1] (email receipt): {"email":"receipt","to":"a@b.c"}'
    ]
    assert changes("  - log: a\n  - log: b\n", "  - log: b\n") == ['removed steps[0] (log a): {"log":"a"}']


def test_another_verb_is_another_step() -> None:
    assert changes("  - log: a\n", "  - return: a\n") == ['changed steps[0] (return a): {"log":"a"} → {"return":"a"}']


def test_triggers_and_inputs_are_compared_too() -> None:
    before = unchecked("name: T\non: {api: POST /x, auth: user}\ninput: {a: int}\nsteps: [{log: x}]\n")
    after = unchecked("name: T\non: {api: POST /x, auth: none}\ninput: {a: int, b?: string}\nsteps: [{log: x}]\n")
    assert [change.format() for change in diff(before, after)] == [
        'changed on[0] (api POST /x).auth: "user" → "none"',
        'added input.properties.b: {"type":"string"}',
    ]
