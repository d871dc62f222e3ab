"""Every operation of the SDK, under its dotted service path: `checkout.sessions.create`, `v2.core.events.list`."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import re
from collections.abc import Iterator, Mapping

from payloom.connectors.stripe.catalog import limits, schemas, sdk_source
from payloom.connectors.stripe.catalog.moved import lookup as moved
from payloom.connectors.stripe.catalog.schemas import Lazy, Schema
from payloom.kit.json_types import is_dict
from payloom.workflows.catalog.limits import (
    ALONE,
    CHOICES,
    LIMITS,
    NEEDED,
    NOT_BOTH,
    ONE_NEEDED,
    ORDERED,
    SEARCHED,
    STARTS,
)
from payloom.workflows.expressions.left_out import MOVED

_ROOTS = {"v1": "stripe._v1_services", "v2": "stripe._v2_services"}


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One call Stripe's API knows.

    name: dotted path, those of API v2 under `v2.`. method: of HTTP, in small letters. url: with `{placeholders}`.
    path_names: the placeholders in the order the SDK's method takes them.
    """

    name: str
    service: tuple[str, ...]
    function: str
    method: str
    url: str
    path_names: tuple[str, ...]
    text: str
    params_class: sdk_source.Class | None = dataclasses.field(repr=False)
    returns: ast.expr | None = dataclasses.field(repr=False)
    module: sdk_source.Module = dataclasses.field(repr=False)

    @property
    def summary(self) -> str:
        """The first sentence of Stripe's description, without markup."""
        return summary_of(self.text)

    @property
    def is_list(self) -> bool:
        """Whether it returns a page of objects that can be followed to the next."""
        return self.method == "get" and self.function in ("list", "search")

    @property
    def takes_limit(self) -> bool:
        """Whether a page can be given a size; some lists of v2 cannot."""
        return self.params_class is not None and "limit" in self.params_class.fields

    def path_aliases(self) -> Mapping[str, str]:
        """Return which names in `with:` stand for which placeholder: `id` and the object's name for the last one."""
        parameter_names = {name: name for name in self.path_names}
        if self.path_names:
            last = self.path_names[-1]
            body = self.params_class.fields if self.params_class else {}
            for name in ("id", self.object_of(last)):
                if name not in body and name not in parameter_names:
                    parameter_names[name] = last
        return parameter_names

    def object_of(self, placeholder: str) -> str:
        """Return the singular word for what a placeholder names: `product` for `/v1/products/{id}`."""
        return singular(self.url.split("/{" + placeholder + "}")[0].rpartition("/")[2])

    def params(self) -> Schema:
        """Return the JSON Schema of `with:`. Placeholders come first; `x-alias-of` marks other names for the same."""
        makers: dict[str, object] = {}
        visible: set[str] = (
            set() if not self.path_names else {"id" if "id" in self.path_aliases() else self.path_names[-1]}
        )
        for name, target in sorted(self.path_aliases().items(), key=lambda pair: pair[0] not in visible):
            description = f"The id of the {target.replace('_', ' ')}."
            schema: dict[str, object] = {"type": "string", "description": description}
            if target == self.path_names[-1] and name not in visible:
                schema["x-alias-of"] = next(iter(visible))
            makers[name] = functools.partial(dict, schema)
        required = list(self.path_names[:-1])
        if self.params_class:
            body = schemas.of_class(self.params_class, "params")
            makers |= {
                name: functools.partial(self._parameter, body["properties"], name) for name in body["properties"]
            }
            required += body["required"]
        if self.is_list:
            makers["all"] = functools.partial(dict, _ALL)
        schema = {"type": "object", "properties": Lazy(makers), "additionalProperties": False, "required": required}
        schema[MOVED] = moved.parameters(self.name)
        texts = {name: field.text for name, field in self.params_class.fields.items()} if self.params_class else {}
        schema[NOT_BOTH] = limits.not_both(texts, reads=self.method == "get")
        if self.method != "get":
            schema[ORDERED] = limits.ordered(texts)
            schema[ALONE] = limits.alone(texts)
            schema[ONE_NEEDED] = limits.one_needed(texts) if self.function == "create" else ()
        if self.function == "search":
            schema[SEARCHED] = limits.SEARCHED.get(self.name.rpartition(".")[0], {})
        schema[CHOICES] = limits.CHOICES.get(self.name, ())
        schema[NEEDED] = limits.NEEDED.get(self.name, ())
        schema[STARTS] = limits.STARTING.get(self.name, ())
        groups = [list(limits.ONE_OF[self.name])] if self.name in limits.ONE_OF else []
        if self.path_names:
            names = [name for name, target in self.path_aliases().items() if target == self.path_names[-1]]
            groups.append(sorted(names, key=lambda name: name not in visible))
        if groups:
            schema["x-one-of"] = groups
        return schema

    def _parameter(self, body: Mapping[str, Schema], name: str) -> Schema:
        if self.is_list and body[name].get("type") == "string" and "enum" not in body[name]:
            return {**body[name], **self._words_of(name)}
        limited = limits.of_operation(self.name, name, body[name].get(LIMITS))
        return body[name] if limited is None else {**body[name], LIMITS: limited}

    def _words_of(self, name: str) -> Schema:
        """Return the words that a field of the listed objects has: a filter by it takes no others."""
        known: Schema = self.result() or {}
        for part in ("properties", "data", "items", "properties", name):
            known = known.get(part) or {}
        return {"enum": known["enum"], "x-open": True} if "enum" in known else {}

    def result(self) -> Schema | None:
        """Return the JSON Schema of what it answers; its objects are lazy."""
        if self.returns is None:
            return None
        result = schemas.of_annotation(self.returns, self.module, "result")
        return _deleted(result) if self.method == "delete" and self.name not in _ANSWER_WHOLE else result


_ANSWER_WHOLE = frozenset({"sources.detach", "subscriptions.cancel"})
"""DELETE requests that answer with the object as it is afterwards."""


def _deleted(result: Schema) -> Schema:
    """Return what Stripe answers when an object is deleted. Its SDK promises the whole object."""
    known = result.get("properties", {})
    fields: dict[str, object] = {"id": {"type": "string"}, "object": {"type": "string"}}
    if "deleted" in known or "anyOf" in result:
        fields["deleted"] = {"type": "boolean", "enum": [True], "description": "Always true for a deleted object."}
    if result.get("title") == "discount":
        # Stripe shows what was taken away.
        del fields["id"]
        fields = {**{name: known[name] for name in known if name != "id"}, **fields}
    title = {"title": result["title"]} if "title" in result else {}
    return {"type": "object", "properties": fields, "additionalProperties": False, **title}


_ALL: Schema = {
    "type": "boolean",
    "description": "Follow the pages and return one page of at most `limit` objects (1,000 unless told otherwise). `has_more` tells if there are more; `all: true` beside `with` reads all.",
}


def summary_of(text: str) -> str:
    """Return the first sentence of a description, without markup."""
    text = re.sub(r"<[^>]+>", "", text.split("\n\n", maxsplit=1)[0])
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    text = " ".join(text.split())
    sentence = re.match(r".+?[.!?](?=\s|$)", text)
    return sentence[0] if sentence else text


def singular(word: str) -> str:
    """Return `payment_intent` for `payment_intents`, `tax_id` for `tax_ids`, `dispute` for `disputes`."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending) and not word.endswith("ss"):
            return word[: -len(ending)] + instead
    return word


@functools.cache
def find(name: str) -> Operation | None:
    """Return an operation by its dotted name, reading only the files on the way to it."""
    *path, function = name.split(".")
    root = "v2" if path[:1] == ["v2"] else "v1"
    service = _service(root, tuple(path[1:] if root == "v2" else path))
    if service is None or function not in _callable(service):
        return None
    return _operation(name, tuple(path), function, service)


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all operations, sorted. Reads every service file once, about a quarter of a second."""
    names: list[str] = []
    for root in _ROOTS:
        for path, service in _walk(root, ()):
            prefix = ("v2", *path) if root == "v2" else path
            names += [".".join((*prefix, function)) for function in _callable(service)]
    return tuple(sorted(names))


def _walk(root: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], sdk_source.Class]]:
    service = _service(root, path)
    if service is None:
        return
    yield path, service
    for name in _children(service):
        yield from _walk(root, (*path, name))


@functools.cache
def _service(root: str, path: tuple[str, ...]) -> sdk_source.Class | None:
    if not path:
        module = sdk_source.module(_ROOTS[root])
        return next(iter(module.classes.values()))
    outer = _service(root, path[:-1])
    target = _children(outer).get(path[-1]) if outer else None
    return sdk_source.module(target[0]).classes.get(target[1]) if target else None


def _children(service: sdk_source.Class) -> Mapping[str, tuple[str, str]]:
    table = service.module.constant("_subservices")
    return {name: (where, class_name) for name, (where, class_name) in table.items()} if is_dict(table) else {}


@functools.cache
def _callable(service: sdk_source.Class) -> Mapping[str, ast.Call]:
    """Return the methods that make one ordinary request, with the call that makes it."""
    calls: dict[str, ast.Call] = {}
    for name, function in service.functions.items():
        if name.startswith("_"):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request":
                calls[name] = node
                break
    return calls


def _operation(name: str, path: tuple[str, ...], function: str, service: sdk_source.Class) -> Operation:
    node = service.functions[function]
    request = _callable(service)[function]
    url = request.args[1]
    if isinstance(url, ast.Call) and isinstance(url.func, ast.Attribute):
        url = url.func.value
    return Operation(
        name=name,
        service=path,
        function=function,
        method=str(ast.literal_eval(request.args[0])),
        url=str(ast.literal_eval(url)),
        path_names=tuple(argument.arg for argument in node.args.posonlyargs if argument.arg != "self"),
        text=inspect.cleandoc(ast.get_docstring(node, clean=False) or ""),
        params_class=_params_class(node, service.module),
        returns=node.returns,
        module=service.module,
    )


def _params_class(node: ast.FunctionDef, module: sdk_source.Module) -> sdk_source.Class | None:
    for argument in (*node.args.posonlyargs, *node.args.args):
        if argument.arg == "params" and argument.annotation is not None:
            names = re.findall(r"\w+Params\w*", ast.unparse(argument.annotation))
            return module.find(names[0]) if names else None
    return None


@dataclasses.dataclass(frozen=True, slots=True)
class Heading:
    """An operation as a list shows it. Costs no reading of its parameters."""

    name: str
    method: str
    summary: str


@functools.cache
def headings() -> tuple[Heading, ...]:
    """Return every operation's heading, sorted by name. About as fast as `names`."""
    headings: list[Heading] = []
    for root in _ROOTS:
        for path, service in _walk(root, ()):
            prefix = ("v2", *path) if root == "v2" else path
            for function, request in _callable(service).items():
                text = inspect.cleandoc(ast.get_docstring(service.functions[function], clean=False) or "")
                method = str(ast.literal_eval(request.args[0]))
                headings.append(Heading(".".join((*prefix, function)), method, summary_of(text)))
    return tuple(sorted(headings, key=lambda heading: heading.name))
