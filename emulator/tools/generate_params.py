"""Writes `params.json.gz`: every v1 operation's parameters, and what each object can expand, read from the SDK's types.

Run by a developer after the SDK was upgraded (`python -m emulator.tools.generate_params`); the emulator
itself reads only the file. Nodes of the type table are small lists: `["s"]` string, `["i"]` integer, `["n"]` number,
`["b"]` boolean, `["f"]` file, `["e", ...]` enum, `["a", node]` array, `["m", node]` map, `["u", ...]` one of,
`["o", {name: node}, [required]]` object. A node that occurs twice is stored once and named by its index.
"""

from __future__ import annotations

import ast
import functools
import gzip
import importlib
import inspect
import json
import pkgutil
import typing
from pathlib import Path
from typing import Any, NotRequired, Required

from typing_extensions import is_typeddict

TARGET = Path(__file__).parents[1] / "src" / "payloom_emulator" / "protocol" / "params.json.gz"
# What a package of the SDK is called in the name of a type.
PACKAGES = {"billing_portal": "Portal"}
_OPTION_KEYS = frozenset(
    [
        "api_key",
        "stripe_version",
        "stripe_account",
        "stripe_context",
        "max_network_retries",
        "idempotency_key",
        "content_type",
        "headers",
    ]
)


class Types:
    """Interned type nodes."""

    def __init__(self) -> None:
        """Start with an empty table."""
        self.nodes: list[Any] = []
        # The SDK's names of each object node.
        self.class_names: dict[int, set[str]] = {}
        self._index: dict[str, int] = {}

    def put(self, node: list[Any]) -> int:
        """Return the index of `node`, adding it when new."""
        key = json.dumps(node, sort_keys=True)
        if key not in self._index:
            self._index[key] = len(self.nodes)
            self.nodes.append(node)
        return self._index[key]


def _modules(package: str) -> list[Any]:
    root = importlib.import_module(package)
    modules = [root]
    modules.extend(importlib.import_module(i.name) for i in pkgutil.walk_packages(root.__path__, f"{package}."))
    return modules


def _names() -> dict[str, Any]:
    names: dict[str, Any] = {
        "Mapping": dict,
        "StripeContext": str,
        "UntypedStripeObject": dict,
        "Decimal": float,
        "Any": Any,
    }
    names.update({n: getattr(typing, n) for n in ("Dict", "List", "Union", "Optional", "Literal")})
    return names


def _convert(types: Types, hint: Any, names: dict[str, Any], module: Any) -> int:

    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        hint = eval(hint, {**vars(module), **names})  # noqa: S307 - the SDK's own annotations
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in {NotRequired, Required, typing.NotRequired, typing.Required}:
        return _convert(types, args[0], names, module)
    if origin is typing.Literal:
        return types.put(["e", *args])
    if origin in {list, typing.List}:  # noqa: UP006 - the SDK's older releases use typing.List
        return types.put(["a", _convert(types, args[0], names, module)])
    if origin is dict or hint is dict:
        return types.put(["m", _convert(types, args[1], names, module) if len(args) == 2 else types.put(["s"])])
    if origin in {typing.Union, getattr(__import__("types"), "UnionType", None)}:
        return _union(types, args, names, module)
    if is_typeddict(hint):
        home = importlib.import_module(hint.__module__)
        fields = {n: h for n, h in _annotations(hint).items() if n not in _OPTION_KEYS}
        body = {n: _convert(types, h, names, home) for n, h in fields.items()}
        required = sorted(n for n in hint.__required_keys__ if n not in _OPTION_KEYS)
        index = types.put(["o", body, required])
        types.class_names.setdefault(index, set()).add(class_name(hint))
        return index
    simple = {str: "s", int: "i", float: "n", bool: "b"}
    if hint in simple:
        return types.put([simple[hint]])
    if hint is type(None):
        return types.put(["e", ""])
    return types.put(["f"] if "IO" in str(hint) else ["s"])


def class_name(hint: Any) -> str:
    """Return the name of a type of the SDK with its package before it: `CheckoutSessionCreateParams`."""
    package = hint.__module__.removeprefix("stripe.").removeprefix("params.").split(".")[:-1]
    return "".join(PACKAGES.get(p) or p.title().replace("_", "") for p in package) + str(hint.__name__)


def _annotations(hint: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for base in reversed(getattr(hint, "__orig_bases__", ())):
        if getattr(base, "__annotations__", None):
            fields.update(_annotations(base))
    fields.update(hint.__annotations__)
    return fields


def _union(types: Types, args: tuple[Any, ...], names: dict[str, Any], module: Any) -> int:
    # `Literal[...] | str` is how the SDK writes an open enum; for us the listed values are the contract.
    literal = any(typing.get_origin(a) is typing.Literal and typing.get_args(a) != ("",) for a in args)
    # `UntypedStripeObject[X]` (here `dict[X]`) only repeats the `Dict[str, X]` beside it, with less to check.
    alternatives = [
        a
        for a in args
        if not (a is str and literal) and not (typing.get_origin(a) is dict and len(typing.get_args(a)) == 1)
    ]
    members = list(dict.fromkeys(_convert(types, a, names, module) for a in alternatives))
    return members[0] if len(members) == 1 else types.put(["u", *members])


def _operations(stripe_modules: list[Any]) -> list[tuple[str, str, str, str]]:
    """Return (METHOD, path, params class name, service.method) of every call any service makes."""
    sent = []
    for module in stripe_modules:
        if not module.__name__.endswith("_service"):
            continue
        tree = ast.parse(inspect.getsource(module))
        for cls in (n for n in tree.body if isinstance(n, ast.ClassDef)):
            for function in (n for n in cls.body if isinstance(n, ast.FunctionDef)):
                call = next(
                    (
                        n
                        for n in ast.walk(function)
                        if isinstance(n, ast.Call)
                        and isinstance(n.func, ast.Attribute)
                        and n.func.attr in {"_request", "_request_stream"}
                    ),
                    None,
                )
                if call is None:
                    continue
                method = ast.literal_eval(call.args[0]).upper()
                path_node: Any = call.args[1]
                template: Any = path_node.func if isinstance(path_node, ast.Call) else None
                path = ast.literal_eval(path_node if template is None else template.value)
                params = ""
                for arg in function.args.args:
                    if arg.arg == "params" and arg.annotation is not None:
                        text = ast.unparse(arg.annotation)
                        params = next(
                            (w for w in text.replace("'", " ").replace('"', " ").split() if w.endswith("Params")), ""
                        )
                sent.append((method, path, params, module.__name__))
    return sent


def _param_class(module_name: str, name: str) -> tuple[Any, Any] | None:
    source = inspect.getsource(importlib.import_module(module_name))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and any(a.name == name for a in node.names):
            module = importlib.import_module(node.module)
            return module, getattr(module, name)
    return None


def _expandables(stripe_modules: list[Any]) -> dict[str, dict[str, list[str]]]:
    """Return object → path of a field → names of the objects found there (`*` before a name: must be expanded).

    A plain object inside has no names; Stripe lets one name it all the same.
    """
    classes: dict[str, Any] = {}
    for module in stripe_modules:
        for name, cls in vars(module).items():
            if inspect.isclass(cls) and cls.__module__ == module.__name__ and "OBJECT_NAME" in vars(cls):
                classes[f"{module.__name__}.{name}"] = cls
    by_object: dict[str, dict[str, list[str]]] = {}
    for cls in classes.values():
        if cls.__module__.startswith("stripe.v2") or cls.__module__.startswith("stripe.events"):
            continue
        paths: dict[str, list[str]] = {}
        _walk_shape(cls, "", paths, importlib.import_module(cls.__module__))
        by_object[cls.OBJECT_NAME] = paths
    return by_object


def _type_imports(module: Any) -> dict[str, str]:
    imports = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                imports[alias.asname or alias.name] = f"{node.module}:{alias.name}"
    return imports


def _walk_shape(cls: Any, prefix: str, paths: dict[str, list[str]], module: Any) -> None:
    imports = _type_imports(module)
    nested = {n: c for n, c in vars(cls).items() if inspect.isclass(c)}
    for name, hint in vars(cls).get("__annotations__", {}).items():
        text = hint if isinstance(hint, str) else str(hint)
        field = {"items_": "items"}.get(name, name)
        targets = []
        for word in set(_words(text)):
            if word in imports and imports[word].split(":")[0].startswith("stripe."):
                where, attribute = imports[word].split(":")
                target: Any = getattr(importlib.import_module(where), attribute, None)
                if inspect.isclass(target) and "OBJECT_NAME" in vars(target):
                    targets.append(
                        ("*" if "ExpandableField" in text or "Union[str" in text else "") + vars(target)["OBJECT_NAME"]
                    )
        if targets:
            paths[f"{prefix}{field}"] = sorted(targets)
        for word in set(_words(text)):
            inner = nested.get(word)
            if inner is not None:
                paths.setdefault(f"{prefix}{field}", [])
            if inner is not None and prefix.count(".") < 4:
                _walk_shape(inner, f"{prefix}{field}.", paths, module)


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


@functools.cache
def read_sdk() -> tuple[Types, dict[str, int], dict[str, str], list[Any]]:
    """Return the types, the type and the class name of each operation's parameters, and the SDK's modules."""
    modules = _modules("stripe")
    names = _names()
    types = Types()
    operations: dict[str, int] = {}
    classes: dict[str, str] = {}
    for method, path, params, module_name in _operations(modules):
        if not path.startswith(("/v1/", "/v2/")):
            continue
        declared = _param_class(module_name, params) if params else None
        operation = f"{method} {path}"
        if declared is None:
            operations[operation] = types.put(["o", {}, []])
            continue
        module, params_class = declared
        operations[operation] = _convert(types, params_class, names, module)
        classes[operation] = class_name(params_class)
    return types, operations, classes, modules


def content() -> bytes:
    """Return the table as JSON."""
    types, operations, _, modules = read_sdk()
    table = {
        "api_version": importlib.import_module("stripe._api_version")._ApiVersion.CURRENT,  # noqa: SLF001 - the SDK names its API version nowhere else
        "types": types.nodes,
        "operations": dict(sorted(operations.items())),
        "shapes": dict(sorted(_expandables(modules).items())),
    }
    return json.dumps(table, separators=(",", ":"), sort_keys=False).encode()


def main() -> None:
    """Write the table that the emulator reads."""
    text = content()
    TARGET.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{TARGET}: {len(json.loads(text)['operations'])} operations, {len(text)} bytes")


if __name__ == "__main__":
    main()
