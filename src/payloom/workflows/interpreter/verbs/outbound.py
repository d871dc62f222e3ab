"""stripe, email, http, python: calls that leave the machine, each under a key fixed before the call."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.durations import parse_duration
from payloom.kit.json_types import is_list, is_map
from payloom.kit.path_values import has_dot_segments, segment_fault
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.schemas import TEXT, closed
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.left_out import expanded_names, with_expanded
from payloom.workflows.expressions.values import EvalError, to_text
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.program.commands import Do, Retry
from payloom.workflows.program.fields_read import fields_read
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.program.program import Workflow
from payloom.workflows.program.signals import fail
from payloom.workflows.program.step_generator import Steps, command
from payloom.workflows.program.templates import Template
from payloom.workflows.syntax.filemodel import steps as models
from payloom.workflows.syntax.filemodel.values import RetryRule

LONGEST_IDEMPOTENCY_KEY = 255
_MARKS = re.compile("[\ue001\ue002]")


def to_retry(rule: RetryRule | None) -> Retry | None:
    """Return a file's retry rule in seconds."""
    if rule is None:
        return None
    first, most = parse_duration(rule.first), parse_duration(rule.most)
    return Retry(rule.attempts, first.total_seconds(), float(rule.factor), most.total_seconds())


def without_nulls(value: Any) -> Any:
    """Return the value without the map keys whose value is null, at any depth.

    Stripe unsets a field by an empty string, not by null.
    """
    if is_map(value):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if is_list(value):
        return [without_nulls(item) for item in value]
    return value


class OutsideStep(Node):
    """What outside steps share: retry, time-out, key."""

    lane: Literal["fast", "durable"] = "durable"
    key: Template | None = None

    def build(self, model: Any, compiler: StepCompiler, path: Path) -> None:
        """Compile what outside steps share: retries, the time limit (seconds), the idempotency key."""
        self.retry = to_retry(model.retry)
        self.timeout = parse_duration(model.timeout).total_seconds() if model.timeout else None
        explicit = getattr(model, "idempotency_key", None)
        self.key = compiler.maybe_template(explicit, (*path, "idempotency_key"))

    def ask(self, frame: Frame, path: str, action: str, args: Mapping[str, Any]) -> Steps:
        """Yield the command and return its value."""
        key = frame.run_context.key(path)
        if self.key is not None:
            key = frame.text(self.key, path, "idempotency_key")
            if len(key) > LONGEST_IDEMPOTENCY_KEY:
                message = f"an idempotency key has at most {LONGEST_IDEMPOTENCY_KEY} characters"
                raise fail(path, "expression", message, hint="use hash(…)")
        entry = yield from command(
            Do(
                path,
                self.verb,
                action,
                args,
                key=key,
                step_id=self.id,
                name=self.name,
                retry=self.retry,
                timeout=self.timeout,
                line=self.line,
            )
        )
        return entry.value


class Stripe(OutsideStep):
    """Calls an operation of Stripe's API."""

    verb: ClassVar[str] = "stripe"

    def build(self, model: models.Stripe, compiler: StepCompiler, path: Path) -> None:
        """Compile the parameters and the connected account."""
        super().build(model, compiler, path)
        self.action = model.stripe
        self.with_ = compiler.template(model.with_, (*path, "with"))
        self.account = compiler.maybe_template(model.account, (*path, "account"))
        self.expanded = expanded_names(model.with_.get("expand") if is_map(model.with_) else None)
        self.extra: dict[str, Any] = {"all": True, "max": model.max} if model.all else {}
        self._fields: tuple[frozenset[str] | None] | None = None

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        action = catalog.action("stripe", self.action)
        returns = action.returns if action is not None else None
        if returns is not None:
            returns = with_expanded(returns, self.expanded)
        if not self.extra or returns is None:
            return returns
        return {"type": "array", "items": returns.get("properties", {}).get("data", {}).get("items", {})}

    def run(self, frame: Frame, path: str) -> Steps:
        """Call Stripe without the parameters that are null."""
        if self.extra and (fields := self._fields_read(frame.workflow)) is not None:
            frame.run_context.fields[path] = fields
        args = {"with": without_nulls(frame.fill(self.with_, path)), "account": frame.maybe(self.account, path)}
        return (yield from self.ask(frame, path, self.action, {**args, **self.extra}))

    def _fields_read(self, workflow: Workflow) -> frozenset[str] | None:
        if self._fields is None:
            self._fields = (fields_read(workflow, self),)
        return self._fields[0]


class Email(OutsideStep):
    """Sends a mail."""

    verb: ClassVar[str] = "email"
    shown_to: ClassVar[Literal["nobody", "staff", "caller"]] = "staff"

    def build(self, model: models.Email, compiler: StepCompiler, path: Path) -> None:
        """Compile the recipients, the data, and the optional headers."""
        super().build(model, compiler, path)
        self.template = model.email
        self.to = compiler.template(model.to, (*path, "to"))
        self.data = compiler.template(model.data, (*path, "data"))
        self.more = [
            (name, compiler.maybe_template(value, (*path, name)))
            for name, value in (("from", model.from_), ("reply_to", model.reply_to), ("attachments", model.attachments))
        ]

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return closed(
            {
                "id": TEXT,
                "to": {"type": "array", "items": TEXT},
                "subject": TEXT,
                "status": TEXT,
                "repeated": {"type": "boolean"},
            }
        )

    def run(self, frame: Frame, path: str) -> Steps:
        """Hand the mail over. Fails with `no_recipient` (422) when an address is none."""
        to = frame.fill(self.to, path)
        addresses = to if is_list(to) else [to]
        if not addresses or not all(isinstance(address, str) and "@" in address for address in addresses):
            raise fail(path, "no_recipient", f"`to` is not an address: {to!r}", status=422)
        args = {"to": to, "data": frame.fill(self.data, path)}
        args |= {name: frame.fill(value, path) for name, value in self.more if value is not None}
        if "approval" in frame.names and (links := _links_in(args["data"], frame.run_context.links)):
            args["links"] = links
            other = frame.with_names(approval={**frame.names["approval"], "url": ""})
            _refuse_marks(other.fill_aside(self.data, path), path, "bad_mail")
        return (yield from self.ask(frame, path, self.template, args))


def _links_in(value: Any, links: Mapping[str, Any]) -> dict[str, Any]:
    """Return the links whose marks stand in a value."""
    if isinstance(value, str):
        return {mark: claims for mark, claims in links.items() if mark in value}
    inner = value.values() if is_map(value) else value if is_list(value) else ()
    return {mark: claims for item in inner for mark, claims in _links_in(item, links).items()}


def _refuse_marks(value: Any, path: str, kind: str) -> None:
    """Fail if a mark stands in what was filled in without marks: who knows a run's id could bring its own."""
    if isinstance(value, str):
        if _MARKS.search(value):
            raise fail(path, kind, "a value holds a letter that stands for a secret (U+E001, U+E002)", status=422)
        return
    for item in (*value.keys(), *value.values()) if is_map(value) else value if is_list(value) else ():
        _refuse_marks(item, path, kind)


class Python(OutsideStep):
    """Calls a registered function."""

    verb: ClassVar[str] = "python"

    def build(self, model: models.Python, compiler: StepCompiler, path: Path) -> None:
        """Compile the arguments."""
        super().build(model, compiler, path)
        self.function = model.python
        self.with_ = compiler.template(model.with_, (*path, "with"))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        action = catalog.action("python", self.function)
        return action.returns if action is not None else None

    def run(self, frame: Frame, path: str) -> Steps:
        """Call the project's function."""
        return (yield from self.ask(frame, path, self.function, {"with": frame.fill(self.with_, path)}))


def of_the_project(node: Node) -> tuple[str, str] | None:
    """Return the verb and the name of the mail template or Python function that a step uses, if it uses one."""
    if isinstance(node, Email):
        return "email", node.template
    return ("python", node.function) if isinstance(node, Python) else None


class Http(OutsideStep):
    """Calls a web address.

    Pieces filled into the URL are percent-encoded; secrets stay names until the call is made.
    """

    verb: ClassVar[str] = "http"

    def build(self, model: models.Http, compiler: StepCompiler, path: Path) -> None:
        """Compile the address, headers and body, and note the secrets they name."""
        super().build(model, compiler, path)
        self.method, _, address = model.http.partition(" ")
        self.url = compiler.template(address.strip(), (*path, "http"))
        self.headers = compiler.template(model.headers, (*path, "headers"))
        self.body = compiler.template(model.body, (*path, "body"))
        self.sign_with = model.sign_with
        self.parts = _url_parts(self.url)
        self.secrets = sorted(
            {
                str(ref.path[-1])
                for part in (self.headers, self.body)
                for _, compiled, _ in part.compiled.expressions
                for ref in compiled.refs
                if len(ref.path) > 1 and "secrets" in ref.path[:2]
            }
        )

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        headers = {"type": "object", "additionalProperties": TEXT}
        return closed({"status": {"type": "integer"}, "headers": headers, "body": {}})

    def run(self, frame: Frame, path: str) -> Steps:
        """Make the request, with marks in the place of secrets."""
        # A secret never enters a scope or a journal: a mark stands for it until the call is made.
        mark = uuid.uuid5(uuid.NAMESPACE_OID, f"{frame.run_context.run.id}:{path}")
        marks = {name: f"\ue001{mark}:{name}\ue001" for name in self.secrets}
        inner = frame.with_names(secrets=marks) if marks else frame
        address = self._address(frame, path)
        args: dict[str, Any] = {
            "method": self.method,
            "url": address,
            "headers": inner.fill(self.headers, path),
            "body": inner.fill(self.body, path),
            "secrets": {placeholder: name for name, placeholder in marks.items()},
        }
        if marks:
            other = frame.with_names(secrets=dict.fromkeys(marks, str(mark)))
            _refuse_marks(
                [other.fill_aside(part, path) for part in (self.headers, self.body)], path, "http_bad_request"
            )
        if self.sign_with is not None:
            args["sign_with"] = self.sign_with
        return (yield from self.ask(frame, path, address, args))

    def _address(self, frame: Frame, path: str) -> str:
        out = ""
        for part in self.parts:
            if isinstance(part, str):
                out += part
                continue
            frame.run_context.site = path
            try:
                text = to_text(part.evaluate(frame.names, frame.run_context.eval_context))
            except ExpressionError as error:
                raise frame.broken(error, self.url.path, path) from None
            except EvalError as mistake:
                raise fail(path, "expression", f"{mistake.message}, and it stands in an address") from None
            # Only what stands at the very beginning may bring its own slashes: a base address from `env`.
            if out and _ends_in_path(out) and (fault := segment_fault(text)):
                message = f"a value filled into the path of an address must {fault}"
                raise fail(path, "http_bad_request", message, status=422)
            out += text if not out else quote(text, safe="")
        if has_dot_segments(out.partition("?")[0].partition("#")[0]):
            raise fail(path, "http_bad_request", "the path of the address holds `.` or `..`", status=422)
        if not out.startswith(("https://", "http://")):
            raise fail(path, "expression", f"an address begins with https://, found {out[:80]!r}")
        return out


def _ends_in_path(address: str) -> bool:
    """Return whether what follows belongs to the path: behind the host, before `?` and `#`."""
    _, _, rest = address.partition("://")
    return "/" in rest and not {"?", "#"} & set(rest)


def _url_parts(url: Template) -> list[str | Compiled]:
    parts: list[str | Compiled] = []
    text = url.literal if isinstance(url.literal, str) else ""
    at = 0
    for _, compiled, offset in url.compiled.expressions:
        start = text.rindex("${{", 0, offset)
        if text[at:start]:
            parts.append(text[at:start].replace("$${{", "${{"))
        parts.append(compiled)
        at = text.index("}}", offset + len(compiled.source)) + 2
    if text[at:]:
        parts.append(text[at:].replace("$${{", "${{"))
    return parts
