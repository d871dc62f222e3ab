"""Data to preview a template with: what the template reads, with values that fit the names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from jinja2 import nodes

from payloom.kit.json_types import is_dict

Chain: TypeAlias = tuple[str, ...]
_DATE = "2030-01-15T12:00:00Z"
_BY_END: Mapping[tuple[str, ...], Any] = {
    ("amount", "total", "subtotal", "price", "tax", "fee", "refunded"): "$14.00",
    ("currency",): "usd",
    ("quantity", "count", "seats", "number", "days"): 2,
    ("email",): "ann@example.test",
    ("name",): "Ann Example",
    ("at", "on", "date", "start", "end", "until"): _DATE,
    ("url", "link", "href"): "https://shop.example/",
    ("id",): "4f7c1a2e",
}
"""By the last word of a field's name."""


def sample_of(trees: Iterable[nodes.Template], names: Iterable[str]) -> dict[str, Any]:
    """Return a value for each of `names`, which templates with these syntax trees read."""
    known = list(trees)
    loops = {target: chain for tree in known for target, chain in _loops(tree)}
    by_filter = {chain: value for tree in known for chain, value in _filtered(tree)}
    read = {
        chain
        for tree in known
        for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))
        if (chain := chain_of(node)) and not _is_called(tree, node)
    }
    data: dict[str, Any] = {}
    roots = set(names)
    for chain in sorted({*read, *by_filter, *loops.values()}, key=len):
        whole = _from_root(chain, loops)
        if whole[0] in roots:
            _put(data, whole, by_filter.get(chain))
    return {name: _filled(data.get(name), name) for name in sorted(roots)}


def chain_of(node: nodes.Node) -> Chain:
    """Return `("order", "total")` for `order.total` and `order["total"]`; nothing for the field of what is no name."""
    if isinstance(node, nodes.Getattr):
        above = chain_of(node.node)
        return (*above, node.attr) if above else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        above = chain_of(node.node)
        return (*above, node.arg.value) if above else ()
    return (node.name,) if isinstance(node, nodes.Name) else ()


def _loops(tree: nodes.Template) -> Iterator[tuple[str, Chain]]:
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.target, nodes.Name) and (chain := chain_of(loop.iter)):
            yield loop.target.name, chain


def _filtered(tree: nodes.Template) -> Iterator[tuple[Chain, Any]]:
    for applied in tree.find_all(nodes.Filter):
        if applied.node is not None and applied.name == "date" and (chain := chain_of(applied.node)):
            yield chain, _DATE
        if applied.node is not None and applied.name == "money":
            yield from ((chain, _number(chain[-1])) for chain in _chains(applied.node))
        if applied.name == "money" and applied.args and (currency := chain_of(applied.args[0])):
            yield currency, "usd"


def _chains(node: nodes.Node) -> Iterator[Chain]:
    """Yield the names and fields that an expression computes with."""
    if chain := chain_of(node):
        yield chain
    else:
        for inner in node.iter_child_nodes():
            yield from _chains(inner)


def _number(name: str) -> int:
    guess = _guess(name)
    return guess if isinstance(guess, int) else 1400


def _is_called(tree: nodes.Template, node: nodes.Node) -> bool:
    return any(call.node is node for call in tree.find_all(nodes.Call))


def _from_root(chain: Chain, loops: Mapping[str, Chain]) -> Chain:
    """Return the chain from a name that is given: `item.price` of a loop is `order.items.[].price`."""
    for _ in range(8):
        if chain[0] not in loops:
            break
        chain = (*loops[chain[0]], "[]", *chain[1:])
    return chain


def _put(data: dict[str, Any], chain: Chain, value: Any) -> None:
    for name in chain[:-1]:
        inner = data.get(name)
        if not is_dict(inner):
            inner = data[name] = {}
        data = inner
    if not is_dict(data.get(chain[-1])):
        data[chain[-1]] = value


def _filled(value: Any, name: str) -> Any:
    if not is_dict(value):
        return _guess(name) if value is None else value
    if "[]" in value:
        return [_filled(value["[]"], name.removesuffix("s"))] * 2
    return {key: _filled(inner, key) for key, inner in value.items()}


def _guess(name: str) -> Any:
    last = name.rpartition("_")[2]
    for ends, value in _BY_END.items():
        if last in ends:
            return value
    return name.replace("_", " ")
