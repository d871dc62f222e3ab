"""Jinja for an author's templates: nothing of Python is reachable, no data changes, and everything has its bound."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import jinja2
from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context, pass_eval_context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup
from typing_extensions import TypeIs

from payloom.kit.templates.budget import TemplateTooCostly, budgeted, length, spend, written
from payloom.kit.templates.guards import FILTERS, check_format, check_method, check_operator

_ROUND = "a counted round"
"""A test that no template can name: compiled, it costs a tenth of a call."""
_DEEP = "its parts, macros, or brackets are nested too deeply"
_Used = TypeVar("_Used", nodes.Macro, nodes.CallBlock, nodes.Block, nodes.Template)
_Body = TypeVar("_Body", nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block, nodes.Template)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which each round of a loop, call, filter, and growing value is counted."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, finalize: Callable[[Any], Any] = lambda value: value, **options: Any) -> None:
        """finalize: what a value becomes where it is shown, as Jinja's own option."""

        def counted_output(value: Any) -> Any:
            value = finalize(value)
            spend(written(value))
            return value

        super().__init__(
            undefined=jinja2.StrictUndefined, finalize=counted_output, trim_blocks=True, lstrip_blocks=True, **options
        )
        names: dict[str, Any] = self.globals  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - Jinja's own type
        del names["lipsum"]
        tests: dict[str, Any] = self.tests  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - Jinja's own type
        tests[_ROUND] = _round
        own: dict[str, Any] = self.filters  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - Jinja's own type
        self.add_filters(dict(own))

    def add_filters(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        """Add filters, which count as every other."""
        known: dict[str, Any] = self.filters  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - Jinja's own type
        known.update({name: _counted(name, function) for name, function in filters.items()})

    def fill_in(self, template: jinja2.Template, data: Mapping[str, Any], most: int) -> str:
        """Return the text of at most `most` characters. Raises Jinja's errors."""
        parts: list[str] = []
        size = 0
        with budgeted():
            try:
                for part in template.generate(data):
                    parts.append(part)
                    size += len(part)
                    if size > most:
                        raise TemplateTooCostly(f"the template makes more than {most:,} characters")
            except RecursionError as error:
                raise TemplateTooCostly(_DEEP) from error
            except MemoryError as error:
                raise TemplateTooCostly("the template needs too much memory") from error
        return "".join(parts)

    # ------------------------------------------------------------------ what a template does

    @pass_eval_context
    def joined(self, context: nodes.EvalContext, *values: Any) -> str:
        """Return what `~` makes of values."""
        spend(sum(map(written, values)))
        if context.autoescape:
            return Markup("").join(values)
        return "".join(map(str, values))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063 - Jinja's own form
        """Call something from a template."""
        if args or kwargs:
            args = tuple(map(_read, args))
            check_method(__obj, args, kwargs)
        value = super().call(__context, __obj, *args, **kwargs)
        spend(length(value))
        return value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Reckon with two values."""
        check_operator(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return a bounded `format` for that of a text."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        @functools.wraps(wrapped)
        def bounded(*args: Any, **kwargs: Any) -> str:
            check_format(value.__self__, [*args, *kwargs.values()])
            return wrapped(*args, **kwargs)

        return bounded

    # ------------------------------------------------------------------ how it is compiled

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        try:
            return super()._parse(source, name, filename)
        except RecursionError:
            raise TemplateSyntaxError(_DEEP, 1, name, filename) from None

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        try:
            return super()._generate(_Counting().visit(source), name, filename, defer_init)
        except RecursionError:
            raise TemplateSyntaxError(_DEEP, 1, name, filename) from None

    def _compile(self, source: str, filename: str) -> Any:
        try:
            return super()._compile(source, filename)
        except (RecursionError, MemoryError, SyntaxError):
            raise TemplateSyntaxError(_DEEP, 1, None, filename) from None


class _Counting(NodeTransformer):
    """Lets the rounds of a syntax tree be counted."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja's own form
        """Count each item, also one that the loop leaves out."""
        self.generic_visit(node)
        if node.test is not None:
            node.test = nodes.And(_count(node, 0).node, node.test, lineno=node.lineno)
        return _counted_body(node)

    def visit_Template(self, node: _Used) -> _Used:  # noqa: N802 - Jinja's own form
        """Count each use, and each call."""
        self.generic_visit(node)
        return _counted_body(node)

    visit_Macro = visit_CallBlock = visit_Block = visit_Template  # noqa: N815 - Jinja's own form

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's own form
        """Measure what is put together."""
        self.generic_visit(node)
        target = nodes.EnvironmentAttribute("joined", lineno=node.lineno)
        call = nodes.Call(target, node.nodes, [], None, None, lineno=node.lineno)
        return _within(call, node)


def _counted_body(node: _Body) -> _Body:
    text = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    node.body.insert(0, _count(node, text))
    return node


def _count(node: nodes.Node, size: int) -> nodes.ExprStmt:
    test = nodes.Test(nodes.Const(size, lineno=node.lineno), _ROUND, [], [], None, None, lineno=node.lineno)
    counted = nodes.ExprStmt(test, lineno=node.lineno)
    _within(counted, node)
    return counted


def _within(new: nodes.Node, node: nodes.Node) -> nodes.Node:
    assert node.environment is not None
    return new.set_environment(node.environment)


@pass_context
def _round(_context: Context, size: int) -> bool:
    """Count a round; `size` is what stands in it. Takes the context, so that Jinja does not reckon it out before."""
    spend(size)
    return True


def _counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is measured before, and whose result counts."""
    check = FILTERS.get(name)
    passed = 1 if getattr(function, "jinja_pass_arg", None) is not None else 0

    @functools.wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        values: Sequence[Any] = args[passed:]
        spend(length(values[0]) if values else 0)
        if check is not None and values:
            values = [_read(values[0]), *values[1:]]
            args = (*args[:passed], *values)
            check(values[0], [*values[1:], *kwargs.values()])
        value = function(*args, **kwargs)
        if _is_iterator(value):
            return _counted_items(value)
        spend(length(value))
        return value

    return counted


def _read(value: Any) -> Any:
    """Return a list in place of what can be read once: it is measured, then used."""
    return list(value) if _is_iterator(value) else value


def _is_iterator(value: object) -> TypeIs[Iterator[Any]]:
    return isinstance(value, Iterator)


def _counted_items(items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        spend(length(item))
        yield item
