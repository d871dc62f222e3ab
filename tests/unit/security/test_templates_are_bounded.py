"""An author's template ends, whatever it does: with its text, or with an error that says what it makes too much of.

The tables go over everything that a template can use: loops and parts, operators, filters, and methods of values. A
new filter of Jinja without an entry fails.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import itertools
import resource
import time
from typing import TYPE_CHECKING, Any

import pytest

from payloom.email.errors import TemplateError
from payloom.email.templates import Templates as Mails
from payloom.kit.templates.budget import MOST_OF_ONE, TemplateTooCostly, budgeted, length
from payloom.kit.templates.environment import BoundedEnvironment
from payloom.kit.templates.guards import FILTERS, LINEAR
from payloom.pages.templates import Templates as Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_SECONDS = 3.0
"""Of the processor, for one template on a busy machine."""
MOST_MEGABYTES = 200

ENDLESS = {
    "a loop in a loop": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "a loop without text": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a loop that leaves everything out": "{% for a in range(999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}",
    "a large text in a loop": "{% for a in range(99999) %}{{ 'x' * 100000 }}{% endfor %}",
    "much text in a loop": "{% for a in range(99999) %}" + "x" * 5000 + "{% endfor %}",
    "much text in a variable": "{% set t %}{% for a in range(99999) %}" + "x" * 5000 + "{% endfor %}{% endset %}",
    "a recursive loop": "{% for a in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that calls itself twice": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
    "a text that doubles": "{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    "a text that adds itself": "{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}",
    "a list that adds itself": "{% set n = namespace(t=[1]) %}{% for a in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}",
    "a list of itself": "{% set n = namespace(t=[1]) %}{% for a in range(60) %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.t }}",
    "a text by another": "{% set n = namespace(t='x') %}{% for a in range(60) %}{% set n.t = n.t.join([n.t] * 9) %}{% endfor %}",
    "a list of itself in a map": "{% set n = namespace(t=[1]) %}{% for a in range(60) %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ {1: n.t}.values() }}",
    "a list of itself in a namespace": "{% set n = namespace(t=[1]) %}{% for a in range(60) %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n }}",
    "many filters": "{% for a in range(9999) %}{{ range(99999)|select('odd')|list|length }}{% endfor %}",
    "many large items": "{{ range(90000)|map('string')|map('center', 9999)|list|length }}",
    "a text between many": "{{ ('x' * 100000).join(range(9999)|map('string'))|length }}",
    "a text between the numbers of a range": "{{ range(9999)|join('x' * 100000)|length }}",
    "a text between the keys of a map": "{{ {}.fromkeys(range(9999)).keys()|join('x' * 100000)|length }}",
    "a text between bytes": "{{ ('x' * 9999).encode()|join('x' * 100000)|length }}",
    "a multiplied text": "{{ 'x' * 10 ** 9 }}",
    "a multiplied text, turned": "{{ 10 ** 9 * 'x' }}",
    "a multiplied list": "{{ [1] * 10 ** 9 }}",
    "a power": "{{ 99999999 ** 99999999 }}",
    "a product": "{% set n = namespace(t=9) %}{% for a in range(60) %}{% set n.t = n.t * n.t %}{% endfor %}",
    "a wide percent": "{{ '%1000000000d' % 1 }}",
    "a percent of a given width": "{{ '%*d' % (1000000000, 1) }}",
    "many percents": "{{ ('%s' * 90000) % (('x' * 90000,) * 90000) }}",
    "a wide format": "{{ '{:>1000000000}'.format('x') }}",
    "a format of a given width": "{{ '{:{w}}'.format('x', w=1000000000) }}",
    "many formats": "{{ ('{0}' * 90000).format('x' * 90000) }}",
    "a format map": "{{ ('{a}' * 90000).format_map({'a': 'x' * 90000}) }}",
    "translated": "{{ ('x' * 9000).translate({120: 'y' * 90000}) }}",
    "translated by a list": "{{ ('\\x00' * 9000).translate(['y' * 90000]) }}",
    "an indentation to the left": "{% for a in range(99) %}{{ ('\\n' * 90000)|indent(-9999)|length }}{% endfor %}",
    "wide tabs": "{{ ('\\t' * 90000).expandtabs(9999)|length }}",
    "wide tabs of bytes": "{{ ('\\t' * 90000).encode().expandtabs(9999)|length }}",
    "replaced bytes": "{{ ('x' * 9000).encode().replace('x'.encode(), ('y' * 90000).encode())|length }}",
    "joined bytes": "{{ ('x' * 90000).encode().join(['y'.encode()] * 9000)|length }}",
    "a wide percent of bytes": "{{ ('%900000000d'.encode() % 1)|length }}",
    "a range": "{{ range(10 ** 9)|length }}",
}
"""What would take for ever, or all memory."""
NESTED = {
    "brackets": "{{ " + "(" * 30000 + "1" + ")" * 30000 + " }}",
    "lists": "{{ " + "[" * 30000 + "]" * 30000 + " }}",
    "signs": "{{ " + "-" * 30000 + "1 }}",
    "conditions": "{% if x is defined %}" * 3000 + "{% endif %}" * 3000,
    "loops": "{% for a in [1] %}" * 300 + "{% endfor %}" * 300,
    "a long sum": "{{ 1" + "+1" * 30000 + " }}",
}


class Engine:
    """The three places where an author's template is filled in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def page(self, source: str) -> str:
        """Fill in a page."""
        (self.folder / "page.html.j2").write_text(f"---\npath: /x\n---\n{source}")
        return Pages(self.folder, reload=True).render("page.html.j2", {})

    def mail(self, source: str) -> str:
        """Fill in the body of an email."""
        column = f"<mjml><mj-body><mj-section><mj-column><mj-text>{source}</mj-text></mj-column></mj-section></mj-body></mjml>"
        text = f"---\nsubject: Hello\n---\n{column}"
        return Mails(self.folder, {"mail": text}).render("mail", {}).html

    def subject(self, source: str) -> str:
        """Fill in the subject of an email."""
        quoted = "'" + source.replace("'", "''") + "'"
        text = f"---\nsubject: {quoted}\n---\n<mjml><mj-body></mj-body></mjml>"
        return Mails(self.folder, {"mail": text}).render("mail", {}).subject


@pytest.fixture
def cheap() -> Iterator[None]:
    """Fail if the test takes much of the processor or of the memory."""
    began, memory = time.thread_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.thread_time() - began < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEGABYTES * 1024


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("place", ["page", "mail", "subject"])
@pytest.mark.parametrize("attack", ENDLESS)
def test_what_would_never_end_is_an_error(tmp_path: Path, place: str, attack: str) -> None:
    with pytest.raises(
        (TemplateTooCostly, TemplateError, OverflowError), match=r"(?i)more than|wider|larger|deeply|too big"
    ):
        getattr(Engine(tmp_path), place)(ENDLESS[attack])


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("place", ["page", "mail", "subject"])
@pytest.mark.parametrize("nested", NESTED)
def test_what_is_nested_beyond_measure_is_an_error(tmp_path: Path, place: str, nested: str) -> None:
    from jinja2 import TemplateError as JinjaError  # noqa: PLC0415 - the page's own errors

    try:
        getattr(Engine(tmp_path), place)(NESTED[nested])
    except (JinjaError, TemplateError) as error:
        assert any(word in str(error) for word in ("nested", "deep", "aliases", "scalar", "long"))  # noqa: PT017 - it may pass as well


@pytest.mark.usefixtures("cheap")
def test_parts_that_include_each_other_are_an_error(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"_{name}.html.j2").write_text(
            f"{{% include '_{other}.html.j2' %}}{{% include '_{other}.html.j2' %}}"
        )
        (tmp_path / f"_{name}.mjml.j2").write_text(
            f"{{% include '_{other}.mjml.j2' %}}{{% include '_{other}.mjml.j2' %}}"
        )
    with pytest.raises(TemplateTooCostly, match="nested too deeply"):
        Engine(tmp_path).page("{% include '_a.html.j2' %}")
    with pytest.raises(TemplateError, match="nested too deeply"):
        Engine(tmp_path).mail("{% include '_a.mjml.j2' %}")


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize(("tag", "count"), [("b", 80000), ("div", 300), ("mj-wrapper", 20000), ("p", 300)])
def test_tags_nested_beyond_measure_do_not_reach_the_parser_of_mjml(tmp_path: Path, tag: str, count: int) -> None:
    nested = f"<{tag}>" * count + f"</{tag}>" * count
    with pytest.raises(TemplateError, match=r"nested deeper|more than"):
        Engine(tmp_path).mail(nested)
    looped = f"{{% for a in range({count}) %}}<{tag} title='<'>{{% endfor %}}"
    with pytest.raises(TemplateError, match=r"nested deeper|more than"):
        Engine(tmp_path).mail(looped)


def test_tags_beside_each_other_are_no_nesting(tmp_path: Path) -> None:
    lines = "".join(f"<b>{number}</b><br><img src='x'/>" for number in range(500))
    assert "499" in Engine(tmp_path).mail(lines)


# ---------------------------------------------------------------- every filter, method, and operator

LARGE: dict[str, Any] = {
    "t": "x a@b.c www.d.e\n" * 1200,
    "w": "x" * 30000,
    "b": b"x\t" * 15000,
    "l": [["x" * 90] * 30] * 30,
    "m": {str(number): "y" * 90 for number in range(900)},
    "n": 10**9,
    "f": 1.5,
    "s": "<b>%s{}</b>",
    "d": dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
}
_HUGE, _WIDE = LARGE["n"], LARGE["w"]
ARGUMENTS: list[tuple[Any, ...]] = [
    (), (_HUGE,), (_HUGE, "x"), (_WIDE,), ("x", _WIDE), (_WIDE, "x"), ([_WIDE] * 9,), (-_HUGE,), (iter([_WIDE] * 99),),
]  # fmt: skip


def operations(environment: BoundedEnvironment) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every filter, method, and operator, with arguments that are large in each place."""
    context = environment.from_string("").new_context()
    for (name, value), arguments in itertools.product(LARGE.items(), ARGUMENTS):
        for each in environment.filters:
            yield (
                f"{name}|{each}{shapes(arguments)}",
                functools.partial(environment.call_filter, each, value, arguments),
            )
        for each in (method for method in dir(value) if not method.startswith("_")):
            method = environment.getattr(value, each)
            yield f"{name}.{each}{shapes(arguments)}", functools.partial(environment.call, context, method, *arguments)
    for (left, first), sign, (right, other) in itertools.product(
        LARGE.items(), ("+", "-", "*", "/", "//", "%", "**"), LARGE.items()
    ):
        yield f"{left} {sign} {right}", functools.partial(environment.call_binop, context, sign, first, other)


def shapes(values: tuple[Any, ...]) -> str:
    """Return what arguments look like."""
    return str(tuple(f"{type(value).__name__} {str(value)[:10]}" for value in values))


def test_no_single_operation_makes_much_of_anything() -> None:
    environment = BoundedEnvironment(autoescape=True)
    large: dict[str, int] = {}
    slow: dict[str, float] = {}
    done = 0
    for name, operation in operations(environment):
        began = time.thread_time()
        with budgeted(), contextlib.suppress(Exception):
            value = operation()
            done += 1
            if length(value) > 2 * MOST_OF_ONE:
                large[name] = length(value)
        if (seconds := time.thread_time() - began) > 1:
            slow[name] = seconds
    assert done > 500
    assert (large, slow) == ({}, {})


def test_every_filter_says_how_large_its_result_can_be() -> None:
    own = {"money", "date"}
    assert set(BoundedEnvironment().filters) | own == set(FILTERS) | LINEAR
    assert not set(FILTERS) & LINEAR


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 'a' ~ 1 ~ '<' }}", "a1&lt;"),
        ("{% set a = '<b>'|safe %}{{ a ~ '<' }}", "<b>&lt;"),
        ("{{ '%s of %d' % ('<', 3) }}", "&lt; of 3"),
        ("{{ '{:>5}'.format('<') }}", "    &lt;"),
        ("{{ ', '.join(['a', 'b']) }}", "a, b"),
        ("{{ ['a', 'b']|map('upper')|join('-') }}", "A-B"),
        ("{% for a in [1, 2, 3] if a != 2 %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/2 2/2 "),
        ("{% for a in [1, [2, [3]]] recursive %}{{ loop(a) if a is iterable else a }}{% endfor %}", "123"),
        (
            "{% macro m(a) %}[{{ a }}{{ caller() if caller is defined }}]{% endmacro %}{{ m(1) }}{% call m(2) %}!{% endcall %}",
            "[1][2!]",
        ),
        ("{% for a in [] %}x{% else %}none{% endfor %}", "none"),
        ("{{ 2 ** 10 * 3 + 1 }}", "3073"),
        ("{{ 'x'.center(3) }}{{ 'a\nb'|indent(2) }}", " x a\n  b"),
    ],
)
def test_everyday_templates_are_filled_in_as_jinja_does(source: str, text: str) -> None:
    environment = BoundedEnvironment(autoescape=True)
    assert environment.fill_in(environment.from_string(source), {}, 1_000) == text


def test_a_template_changes_no_data() -> None:
    environment = BoundedEnvironment()
    data: dict[str, Any] = {"lines": [1], "order": {"a": 1}}
    changes: list[Callable[[], Any]] = [
        lambda source=source: environment.fill_in(environment.from_string(source), data, 1_000)
        for source in (
            "{{ lines.append(2) }}",
            "{{ lines.extend(lines) }}",
            "{{ order.update(a=2) }}",
            "{{ order.pop('a') }}",
        )
    ]
    for change in changes:
        with pytest.raises(Exception, match=r"not safely callable|unsafe"):
            change()
    assert data == {"lines": [1], "order": {"a": 1}}
