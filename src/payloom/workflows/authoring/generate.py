"""A workflow file as Python: what a person would write with the builder, and exactly the same workflow.

Expressions become Python where that reads the same (`order.amount`, `x.now()`), else they are written out: `x.e("…")`.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.workflows.authoring.python_text import PARAMETERS, WIDTH, PythonText, Raw, listed_lines, quoted
from payloom.workflows.authoring.steps import FUNCTIONS
from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS
from payloom.workflows.syntax.filemodel.steps import verb_of
from payloom.workflows.syntax.filemodel.triggers import kind_of

_OTHER_NAMES = (
    "api", "called", "manual", "on_schedule", "on_stripe", "on_table", "stripe", "table", "workflow", "x",
)  # fmt: skip
_IMPORTED = tuple(sorted((*_OTHER_NAMES, *(function.__name__ for function in FUNCTIONS.values()))))
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_TAKEN = frozenset({*_IMPORTED, *PARAMETERS, *dir(builtins)})
_OWN = {
    "select": frozenset({"key_by", "require", "order_by", "limit", "optional"}),
    "insert": frozenset[str](),
    "update": frozenset({"rows"}),
    "upsert": frozenset[str](),
    "delete": frozenset({"rows"}),
    "stripe": frozenset({"idempotency_key", "account", "retry", "timeout", "all", "max"}),
    "email": frozenset({"from_", "reply_to", "attachments", "retry", "timeout"}),
    "call": frozenset[str](),
    "python": frozenset({"retry", "timeout"}),
    "let": frozenset[str](),
}


def to_python(data: Mapping[str, Any], workflow_id: str) -> str:
    """Return a module that defines the workflow. data: what its file holds."""
    return _Writer(data).module(workflow_id)


class _Writer(PythonText):
    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__()
        self.data = data

    def module(self, workflow_id: str) -> str:
        data = self.data
        on = data["on"]
        head: dict[str, Any] = {"on": Raw(self.trigger(on) if is_map(on) else listed_lines(map(self.trigger, on)))}
        head |= {"name": data["name"]}
        for key in ("input", "output", "description"):
            if data.get(key) is not None:
                head[key] = Raw(self.value(data[key], depth=1))
        for key in ("once", "vars"):
            if data.get(key):
                head[key] = data[key]
        decorator = self.called("workflow", [Raw(quoted(workflow_id))], head, 0)
        self.names = {*PARAMETERS}
        steps = list(data["steps"])
        last = steps[-1]
        ends = set(last) == {"return"} and last["return"] is not None
        self.block(steps[:-1] if ends else steps)
        if data.get("on_error"):
            self.within("x.at_failure()", data["on_error"])
        if ends:
            self.line(f"return {self.value(last['return'], room=WIDTH - 12)}")
        text = "\n".join([decorator, *self.lines])
        parameters = [
            parameter for parameter in PARAMETERS if re.search(rf"(?<![\w.\"'])({parameter})\b", "\n".join(self.lines))
        ]
        name = re.sub(r"\W", "_", workflow_id)
        name = f"{name}_" if keyword.iskeyword(name) or name in _IMPORTED or not name.isidentifier() else name
        define = f"def {name if name.isidentifier() else 'the_' + name}({', '.join(parameters)}):"
        imported = [word for word in _IMPORTED if re.search(rf"(?<![\w.\"'])({word})\b[.(\[]", text)]
        listed = "".join(f"    {word},\n" for word in imported)
        body = "\n".join(self.lines) or "    pass"
        return f"from payloom.workflows.builder import (\n{listed})\n\n\n@{decorator}\n{define}\n{body}\n"

    # -- pieces ------------------------------------------------------------------------------------------------------

    def trigger(self, on: Mapping[str, Any]) -> str:
        rest = dict(on)
        kind = kind_of(on)
        if kind == "api":
            method, _, path = str(rest.pop("api")).partition(" ")
            return self.called(f"api.{method.lower()}", [Raw(quoted(path.strip()))], rest, 1)
        if kind == "stripe":
            family = rest.pop("stripe")
            if isinstance(rest.get("actions"), str):
                rest["actions"] = [rest["actions"]]
            return self.called("on_stripe", [Raw(quoted(family))], self.conditions(rest, "match"), 1)
        if kind == "schedule":
            return self.called("on_schedule", [Raw(quoted(rest.pop("schedule")))], rest, 1)
        if kind == "table":
            changes = rest.pop("on")
            names = [rest.pop("table"), *(changes if is_list(changes) else [changes])]
            return self.called("on_table", [Raw(quoted(name)) for name in names], self.conditions(rest, "match"), 1)
        if kind == "manual":
            return self.called("manual", [], {"auth": rest["auth"]} if "auth" in rest else {}, 1)
        return "called()"

    # -- steps -------------------------------------------------------------------------------------------------------

    def block(self, steps: Iterable[Mapping[str, Any]]) -> None:
        for step in steps:
            self.step(step)

    def within(self, opening: str, steps: Iterable[Mapping[str, Any]]) -> None:
        """Write `with opening:` and the steps inside."""
        self.line(f"with {opening}:")
        self.depth += 1
        before = len(self.lines)
        self.block(steps)
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1

    def step(self, step: Mapping[str, Any]) -> None:
        verb = verb_of(dict(step))
        assert verb is not None
        rest = {key: value for key, value in step.items() if key not in ("id", "name", "when", "on_error", verb)}
        head = {key: step[key] for key in ("name", "when") if key in step}
        if step.get("on_error") == "continue":
            head["on_error"] = "continue"
        if verb == "approve":
            rest = {key: value for key, value in rest.items() if key not in ("notify", "then", "else", "on_timeout")}
        identity = step.get("id")
        binds = verb in _NAMED and identity is not None and self.free(identity)
        if identity is not None and not binds:
            head["id"] = identity
        if head:
            if "when" in head:
                head["when"] = Raw(self.condition(head["when"]))
            self.line(f"with {self.called('x.step', [], head, self.depth)}:")
            self.depth += 1
        if verb in _SIMPLE:
            write = getattr(self, f"_{verb}", None)
            text = self.plain_call(verb, step[verb], rest) if write is None else write(step[verb], rest)
            self.line(f"{identity} = {text}" if binds else text)
        else:
            getattr(self, f"_{verb}")(step[verb], rest)
        if head:
            self.depth -= 1
        if binds:
            # A step whose id is no variable is read by its name: `x.e("name.field")`.
            self.names.add(str(identity))
        self.behind(step)

    def free(self, identity: str) -> bool:
        return identity not in _TAKEN and identity not in self.names and not keyword.iskeyword(identity)

    def behind(self, step: Mapping[str, Any]) -> None:
        """Write what stands behind a step: its branches, its handlers."""
        if "approve" in step and step.get("notify"):
            self.within("x.notify()", step["notify"])
        for key, opening in (("then", "x.approved()"), ("else", "x.otherwise()"), ("on_timeout", "x.late()")):
            if "approve" in step and key in step:
                self.within(opening, step[key])
        if "else" in step and "if" in step:
            self.within("x.otherwise()", step["else"])
        if "try" in step:
            self.handlers(step)
        if is_list(step.get("on_error")):
            self.within("x.failed()", step["on_error"])

    def handlers(self, step: Mapping[str, Any]) -> None:
        catch: list[dict[str, Any]] = step.get("catch") or []
        if catch and not all("do" in clause and verb_of(dict(clause)) is None for clause in catch):
            self.within("x.catch()", catch)
        else:
            for clause in catch:
                errors: str | list[str] = clause.get("errors") or []
                named = [errors] if isinstance(errors, str) else errors
                as_ = {"as_": clause.get("as", "error")} if "as" in clause or not named else {}
                self.within(
                    self.called("x.catch", [Raw(quoted(error)) for error in named], as_, self.depth), clause["do"]
                )
        if step.get("finally"):
            self.within("x.finally_()", step["finally"])

    def columns(self, verb: str, values: Any, **more: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and keyword arguments for a map of names."""
        more = {key: value for key, value in more.items() if value is not None}
        if not is_map(values):
            return [values], more
        fine = all(key.isidentifier() and not keyword.iskeyword(key) and key not in _OWN[verb] for key in values)
        return ([], {**values, **more}) if fine else ([dict(values)], more)

    def table(self, name: str) -> str:
        plain = name.isidentifier() and not keyword.iskeyword(name)
        return f"table.{name}" if plain else f"table[{name!r}]"

    def plain_call(self, verb: str, target: Any, rest: dict[str, Any]) -> str:
        """Return the call of a verb whose function takes what stands after the verb, then its other keys."""
        first = Raw(self.condition(target)) if verb in BARE_KEYS else target
        return self.called(FUNCTIONS[verb].__name__, [first], rest, self.depth)

    def _stripe(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("stripe", rest.pop("with", {}))
        # A display name (`Refund Payment`) is no name of Python's; the same operation has one that is.
        spelled = name if _DOTTED.fullmatch(name) else name.strip().lower().replace(" ", "_")
        return self.called(f"stripe.{spelled}", positional, {**keywords, **rest}, self.depth)

    def _select(self, name: str, rest: dict[str, Any]) -> str:
        where = rest.pop("where")
        one_row = rest.pop("one", None)
        method = "select_one" if one_row else "select"
        positional, keywords = self.columns("select", where)
        more = {"optional": True, **rest} if one_row == "optional" else rest
        return self.called(f"{self.table(name)}.{method}", positional, {**keywords, **more}, self.depth)

    def _insert(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("insert", rest["values"])
        return self.called(f"{self.table(name)}.insert", positional, keywords, self.depth)

    def _update(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("update", rest["set"], rows=rest.get("rows"))
        return self.called(f"{self.table(name)}.update", [dict(rest["where"]), *positional], keywords, self.depth)

    def _upsert(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("upsert", rest["values"])
        return self.called(f"{self.table(name)}.upsert", [rest["key"], *positional], keywords, self.depth)

    def _delete(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("delete", rest["where"], rows=rest.get("rows"))
        return self.called(f"{self.table(name)}.delete", positional, keywords, self.depth)

    def _email(self, name: str, rest: dict[str, Any]) -> str:
        to, data = rest.pop("to"), rest.pop("data", {})
        more = {"from_" if key == "from" else key: value for key, value in rest.items()}
        positional, keywords = self.columns("email", data)
        return self.called("email", [Raw(quoted(name)), to, *positional], {**keywords, **more}, self.depth)

    def _call(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("call", rest.get("with", {}))
        return self.called("call", [Raw(quoted(name)), *positional], keywords, self.depth)

    def _python(self, name: str, rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("python", rest.pop("with", {}))
        return self.called("python", [Raw(quoted(name)), *positional], {**keywords, **rest}, self.depth)

    def _wait_for(self, fields: dict[str, Any], _rest: dict[str, Any]) -> str:
        more = self.conditions({key: value for key, value in fields.items() if key != "stripe"}, "match")
        return self.called("wait_for", [Raw(quoted(fields["stripe"]))], more, self.depth)

    def _let(self, values: dict[str, Any], _rest: dict[str, Any]) -> str:
        positional, keywords = self.columns("let", values)
        return self.called("let", positional, keywords, self.depth)

    def _raise(self, fields: dict[str, Any], _rest: dict[str, Any]) -> str:
        rest = {key: value for key, value in fields.items() if key not in ("code", "message")}
        return self.called("raise_", [Raw(quoted(fields["code"])), fields["message"]], rest, self.depth)

    # -- steps that hold steps ---------------------------------------------------------------------------------------

    def _if(self, condition: Any, rest: dict[str, Any]) -> None:
        self.within(f"x.when({self.condition(condition)})", rest.get("then") or [])

    def _while(self, condition: Any, rest: dict[str, Any]) -> None:
        self.within(f"x.repeat({self.condition(condition)}, max={rest['max']})", rest["do"])

    def _for_each(self, items: Any, rest: dict[str, Any]) -> None:
        item = rest.get("as", "item")
        options = {key: value for key, value in rest.items() if key not in ("as", "do")}
        named = {"as_": item} if item != "item" else {}
        opening = self.called("x.each", [Raw(self.condition(items))], {**named, **options}, self.depth)
        bound = self.free(item)
        if bound:
            self.names.add(item)
        self.within(f"{opening} as {item}" if bound else opening, rest["do"])
        if bound:
            self.names.discard(item)

    def _try(self, steps: list[Any], _rest: dict[str, Any]) -> None:
        self.within("x.attempt()", steps)

    def _parallel(self, branches: dict[str, Any], rest: dict[str, Any]) -> None:
        fail = f"fail={rest['fail']!r}" if "fail" in rest else ""
        self.line(f"with x.parallel({fail}):")
        self.depth += 1
        for name, steps in branches.items():
            self.within(f"x.branch({name!r})", steps)
        self.depth -= 1

    def _switch(self, value: Any, rest: dict[str, Any]) -> None:
        default = rest.get("default")
        over = [] if value is None else [Raw(self.condition(value))]
        keywords = {"default": default} if isinstance(default, str) else {}
        self.line(f"with {self.called('x.switch', over, keywords, self.depth)}:")
        self.depth += 1
        cases = rest["cases"]
        if is_map(cases):
            for name, steps in cases.items():
                self.within(f"x.case({name!r})", steps)
        else:
            for clause in cases:
                self.within(f"x.case_when({self.condition(clause['when'])})", clause["do"])
        if is_list(default):
            self.within("x.default()", default)
        self.depth -= 1


_ROWS = frozenset({"select", "insert", "update", "upsert", "delete"})
_NAMED = (
    _ROWS | {"stripe"} | {verb for verb, function in FUNCTIONS.items() if function.__annotations__["return"] == "Expr"}
)
"""The verbs whose call gives a value, which a variable of the step's name holds."""
_SIMPLE = _NAMED | FUNCTIONS.keys()
