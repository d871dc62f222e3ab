"""Mail templates: `emails/NAME.mjml.j2`, a front matter with the subject, then MJML with Jinja in it.

Values are escaped, unknown names and nulls are errors with file and line, and templates run in Jinja's sandbox. Files
that begin with `_` are parts for `{% include %}`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import mjml
from jinja2 import meta, nodes

from payloom.email.errors import TemplateError, UnknownTemplate
from payloom.email.plain_text import plain_text
from payloom.email.samples import chain_of, sample_of
from payloom.kit.json_types import is_dict, is_map
from payloom.kit.money import Amount
from payloom.kit.suggest import did_you_mean
from payloom.kit.templates.environment import BoundedEnvironment
from payloom.kit.validation.text_files import NotUtf8, read_text
from payloom.kit.yaml.reader import read_source

SUFFIX = ".mjml.j2"
MAX_SUBJECT = 250
MOST_CHARACTERS = 250_000
"""Of one mail's MJML: it becomes twenty times as much HTML at worst, and mail programs cut off at 100 KB."""
_MOST_OF_SUBJECT = 10_000
"""Before it is cut to `MAX_SUBJECT`."""
_QUOTE_SUBJECT = "put the subject in quotes if it begins with {{ or holds a colon"
_MARK = "---"
_OPENING = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)")
_ATTRIBUTES = re.compile(r"""[^>"']*+(?:(?:"[^"]*+"|'[^']*+')[^>"']*+)*+>""")
_EMPTY_TAGS = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_DEEPEST = 200
_TAG = re.compile(r"</?(mj[a-z-]*)")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\s]+")
_PARTS = """
    head body attributes all class breakpoint font preview style title html-attributes selector html-attribute raw
    include accordion accordion-element accordion-title accordion-text button carousel carousel-image column divider
    group hero image navbar navbar-link section social social-element spacer table text wrapper
"""
_TAGS = frozenset(["mjml", *(f"mj-{part}" for part in _PARTS.split())])
_Version = tuple[int, int, int] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be sent: one line of subject, HTML, and text made from the HTML."""

    subject: str
    html: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Compiled:
    """A template's file as it was, compiled. version: see `_version`. Of its parts, Jinja looks after itself."""

    version: _Version
    subject: jinja2.Template
    body: jinja2.Template


class Templates:
    """The templates of one folder. Each is read and compiled once, and again when its file changes."""

    def __init__(self, folder: Path, unsaved: Mapping[str, str] | None = None) -> None:
        """`folder` need not exist: then there are no templates. unsaved: texts by name, in place of the files."""
        self.folder = folder
        self._unsaved = {f"{name}{SUFFIX}": text for name, text in (unsaved or {}).items()}
        self._bodies = _Environment(loader=_Loader(folder, self._unsaved), autoescape=True)
        self._subjects = _Environment(autoescape=False)
        self._compiled: dict[str, _Compiled] = {}
        self._root = str(folder)

    def names(self) -> list[str]:
        """Return the names a workflow may use, sorted."""
        files = self.folder.glob(f"**/*{SUFFIX}") if self.folder.is_dir() else ()
        paths = {*self._unsaved, *(path.relative_to(self.folder).as_posix() for path in files)}
        names = (path.removesuffix(SUFFIX) for path in paths)
        return sorted(name for name in names if not name.rpartition("/")[2].startswith("_"))

    def has(self, name: str) -> bool:
        """Whether there is a template of this name now."""
        return (self.folder / f"{name}{SUFFIX}").is_file()

    def check(self, name: str) -> None:
        """Raise `TemplateError` when the template cannot be read: its front matter, its Jinja, its MJML tags."""
        self._subject(name)
        try:
            self._bodies.get_template(f"{name}{SUFFIX}")
        except jinja2.TemplateError as error:
            raise self._failed(name, error) from error

    def data_of(self, name: str) -> tuple[frozenset[str], frozenset[str], frozenset[tuple[str, ...]]]:
        """Return the names that a template reads, those of them that it fails without, and the fields it reads of them.

        A field is `("order", "total")` for `order.total`. A template whose name or field is tested (`is defined`) or
        has a `default` does not fail without it. Raises `TemplateError`.
        """
        subject, _ = self._subject(name)
        trees = [self._subjects.parse(subject), *self._trees(f"{name}{SUFFIX}", frozenset())]
        assigned = {name.name for tree in trees for name in tree.find_all(nodes.Name) if name.ctx == "store"}
        known = set[str]().union(*(meta.find_undeclared_variables(tree) for tree in trees))
        known -= assigned | set[str](self._bodies.globals)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - Jinja's own type
        tested = {
            inner.name
            for tree in trees
            for test in tree.find_all((nodes.Test, nodes.Filter))
            if test.name in {"defined", "undefined", "default", "d"}
            for inner in test.find_all(nodes.Name)
        }
        fields = {field for tree in trees for field in _fields(tree) if field[0] in known - tested}
        return frozenset(known), frozenset(known - tested), frozenset(fields)

    def sample(self, name: str) -> dict[str, Any]:
        """Return data that the template can be previewed with. Raises `TemplateError`."""
        known, _, _ = self.data_of(name)
        subject, _ = self._subject(name)
        return sample_of([self._subjects.parse(subject), *self._trees(f"{name}{SUFFIX}", frozenset())], known)

    def _trees(self, file: str, seen: frozenset[str]) -> Iterator[nodes.Template]:
        """Yield the syntax trees of a template and of those that it names."""
        if file in seen:
            return
        try:
            source, _, _ = _Loader(self.folder, self._unsaved).get_source(self._bodies, file)
            tree = self._bodies.parse(source, file)
        except jinja2.TemplateError as error:
            raise self._failed(file.removesuffix(SUFFIX), error) from error
        yield tree
        for other in meta.find_referenced_templates(tree):
            if other is not None:
                yield from self._trees(other, seen | {file})

    def render(self, name: str, data: Mapping[str, Any]) -> Rendered:
        """Fill in a template. `data` are JSON-able values and datetimes. Raises `TemplateError`, `UnknownTemplate`."""
        try:
            compiled = self._current(name)
            title = self._subjects.fill_in(compiled.subject, data, _MOST_OF_SUBJECT)
            markup = self._bodies.fill_in(compiled.body, data, MOST_CHARACTERS)
        except TemplateError:
            raise
        except Exception as error:
            raise self._failed(name, error) from error
        if _depth(markup) > _DEEPEST:
            hint = "close each tag that you open, and look at the template's loops"
            raise TemplateError(f"tags are nested deeper than {_DEEPEST}", where=self._where(name), hint=hint)
        try:
            html = mjml.mjml2html(markup.strip(), disable_comments=False, fonts={})
        except ValueError as error:
            hint = "every tag must be closed, and <mjml> is the outermost"
            raise TemplateError(f"the MJML is not valid: {error}", where=self._where(name), hint=hint) from None
        title = _BREAKS.sub(" ", title).strip()[:MAX_SUBJECT]
        return Rendered(subject=title, html=html, text=plain_text(html))

    def _current(self, name: str) -> _Compiled:
        version = _version(f"{self._root}/{name}{SUFFIX}")
        known = self._compiled.get(name)
        if known is None or known.version != version:
            if name not in self.names():
                hint = did_you_mean(name, self.names()) or f"put it at {self.folder.name}/{name}{SUFFIX}"
                raise UnknownTemplate(f"there is no mail template {name[:80]!r}", hint=hint)
            subject, line = self._subject(name)
            title = self._subjects.from_string("\n" * (line - 1) + subject)
            known = self._compiled[name] = _Compiled(version, title, self._bodies.get_template(f"{name}{SUFFIX}"))
        return known

    def _where(self, name: str, line: int | None = None) -> str:
        return f"{self.folder.name}/{name}{SUFFIX}" + (f":{line}" if line else "")

    def _subject(self, name: str) -> tuple[str, int]:
        """Return the subject and the line it stands on."""
        text = self._unsaved.get(f"{name}{SUFFIX}")
        lines = (_text(self.folder, f"{name}{SUFFIX}") if text is None else text).splitlines()
        end = _front_matter(lines)
        if not end:
            hint = "begin the file with a line ---, then subject: …, then a line ---"
            raise TemplateError("the template has no subject", where=self._where(name, 1), hint=hint)
        # The empty line stands for the mark, so that line numbers are the file's.
        source = read_source("\n".join(["", *lines[1 : end - 1]]), self._where(name))
        if source.diagnostics:
            first = source.diagnostics[0]
            expression = "{{" in lines[first.line - 1]
            hint = _QUOTE_SUBJECT if expression or not first.hint else first.hint
            raise TemplateError(first.message, where=f"{self._where(name, first.line)}:{first.column}", hint=hint)
        head: object = source.data or {}
        if not is_dict(head) or not isinstance(head.get("subject"), str) or not head["subject"].strip():
            raise TemplateError("the front matter has no subject", where=self._where(name, 1), hint="write subject: …")
        for key in head:
            if key != "subject":
                hint = did_you_mean(str(key), ["subject"]) or "known is subject"
                line = source.place((key,)).line
                raise TemplateError(f"the front matter has no key {key!r}", where=self._where(name, line), hint=hint)
        return head["subject"], source.place(("subject",)).line

    def _failed(self, name: str, error: Exception) -> TemplateError:
        """Return the error with the file and line it happened in, which may be an included file's."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            return TemplateError(error.message, where=self._place(name, error.name, error.lineno))
        place, line, step = name, None, error.__traceback__
        while step is not None:
            file = step.tb_frame.f_code.co_filename
            if file.endswith(SUFFIX) or file == "<template>":
                place, line = file, step.tb_lineno
            step = step.tb_next
        message = "a template is missing" if isinstance(error, jinja2.TemplateNotFound) else ""
        hint = "the step's `data` must hold every name the template uses"
        return TemplateError(
            f"{message}: {error}" if message else str(error) or type(error).__name__,
            where=self._place(name, place, line),
            hint=hint if isinstance(error, jinja2.UndefinedError) and not isinstance(error, _Null) else None,
        )

    def _place(self, name: str, file: str | None, line: int | None) -> str:
        if file and file.endswith(SUFFIX):
            path = Path(file)
            inside = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else file
            return self._where(inside.removesuffix(SUFFIX), line)
        return self._where(name, line)


def _depth(markup: str) -> int:
    """Return how deep tags are nested at most. MJML's parser takes its process down where it finds 100,000."""
    depth = deepest = at = 0
    while tag := _OPENING.search(markup, at):
        rest = _ATTRIBUTES.match(markup, tag.end())
        if rest is None:
            break  # the tag never ends
        at = rest.end()
        if tag[1]:
            depth = max(0, depth - 1)
        elif not rest[0].endswith("/>") and tag[2].lower() not in _EMPTY_TAGS:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _fields(tree: nodes.Template) -> Iterator[tuple[str, ...]]:
    """Yield each field that a template reads; what it tests or calls may be missing."""
    tested = {
        inner
        for test in tree.find_all((nodes.Test, nodes.Filter))
        if test.name in {"defined", "undefined", "default", "d"}
        for inner in map(chain_of, test.find_all((nodes.Getattr, nodes.Getitem)))
    }
    called = {chain_of(call.node) for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Getattr)}
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        chain = chain_of(node)
        if chain and not any(chain[: len(other)] == other for other in tested | called if other):
            yield chain


def _version(path: str) -> _Version:
    """Return what changes when a file does; None if it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path costs as much as the call, for every mail
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _front_matter(lines: list[str]) -> int:
    """Return how many lines the front matter takes, marks included; 0 if there is none."""
    if not lines or lines[0].strip() != _MARK:
        return 0
    return next((number for number, text in enumerate(lines[1:], 2) if text.strip() == _MARK), 0)


class _Loader(jinja2.BaseLoader):
    """Reads templates of one folder; the front matter becomes empty lines, so that line numbers stay true."""

    def __init__(self, folder: Path, unsaved: Mapping[str, str]) -> None:
        self._folder, self._unsaved = folder, unsaved

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Any]:  # noqa: ARG002 - the form of a Jinja loader
        path = self._folder / template
        if template in self._unsaved:
            return _body(template, self._unsaved[template]), str(path), None
        if ".." in Path(template).parts or Path(template).is_absolute() or not path.is_file():
            raise jinja2.TemplateNotFound(template)
        file = str(path)
        version = _version(file)
        body = _body(template, _text(self._folder, template))

        def fresh() -> bool:
            return _version(file) == version

        return body, file, fresh


def _body(template: str, text: str) -> str:
    lines = text.splitlines()
    end = _front_matter(lines)
    _check_tags(template, lines, end)
    return "\n".join([*[""] * end, *lines[end:]])


def _check_tags(template: str, lines: list[str], start: int) -> None:
    """MJML leaves out what it does not know without a word; a receipt must not lose its total that way."""
    for number, line in enumerate(lines[start:], start + 1):
        for tag in _TAG.findall(line):
            if tag not in _TAGS:
                hint = did_you_mean(tag, _TAGS)
                message = f"<{tag}> is not an MJML tag" + (f" ({hint})" if hint else "")
                raise jinja2.TemplateSyntaxError(message, number, template, template)


class _Environment(BoundedEnvironment):
    """Jinja for mails: strict about names and nulls; `order.items` is the order's items, not a method of the map."""

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=_shown, **options)
        self.add_filters({"money": _money, "date": _date})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if is_map(obj) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _Null(jinja2.UndefinedError):
    """A null where a mail would show it."""


def _shown(value: Any) -> Any:
    if value is None:
        raise _Null("a value is null here; write {{ name or 'something else' }}")
    return value


def _money(amount: Any, currency: Any, locale: str = "en_US") -> str:
    """`{{ 2198 | money('usd') }}` gives $21.98. The amount is in minor units."""
    try:
        return Amount(amount, currency).format(locale)
    except (TypeError, ValueError, AttributeError) as error:
        raise jinja2.TemplateRuntimeError(f"money: {error}") from None


def _date(value: Any, style: str = "medium", locale: str = "en_US", timezone: str = "UTC") -> str:
    """`{{ paid_at | date }}`; style: short, medium, long, full or a CLDR pattern."""
    from babel.dates import format_date, get_timezone  # noqa: PLC0415 - babel loads only where it is used

    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, dt.datetime) and moment.tzinfo:
            moment = moment.astimezone(get_timezone(timezone))
        return format_date(moment, style, locale=locale.replace("-", "_"))
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise jinja2.TemplateRuntimeError(f"date: {value!r} cannot be shown: {error}") from None


def _text(folder: Path, file: str) -> str:
    """Return the text of a template's file. Raises TemplateError if it is no text."""
    try:
        return read_text(folder / file, f"{folder.name}/{file}")
    except NotUtf8 as error:
        raise TemplateError(error.message, where=error.where, hint=error.hint) from None
