"""The template engine of the pages: sandboxed, escaping by default, and loud about names that do not exist."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    TemplateNotFound,
)
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from payloom.kit.diagnostics import SHAPE, Diagnostic, Place
from payloom.kit.templates.environment import BoundedEnvironment
from payloom.pages.document import split_head
from payloom.pages.filters import date, money

LAYOUT = "_layout.html.j2"
OWN = "payloom"
MOST_CHARACTERS = 2_000_000
"""Of one page."""
_OWN_TEMPLATES = Path(__file__).parent / "builtin"


class _PageLoader(FileSystemLoader):
    """Reads page files without their heads."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        try:
            text, name, fresh = super().get_source(environment, template)
        except UnicodeDecodeError:
            raise TemplateError(f"{template} is not UTF-8 text; save it as UTF-8") from None
        return split_head(text)[1], name, fresh


class Templates:
    """The templates of a project's `pages/` folder, and Payloom's own under `payloom/…`."""

    def __init__(self, folder: Path, *, reload: bool) -> None:
        """Read templates from `folder`. reload: notice changed files (development)."""
        own: BaseLoader = PrefixLoader({OWN: FileSystemLoader(_OWN_TEMPLATES)})
        self.environment = BoundedEnvironment(
            loader=ChoiceLoader([own, _PageLoader(folder)]), autoescape=True, auto_reload=reload
        )
        self.environment.add_filters({"money": money, "date": date})
        layout = folder / LAYOUT
        self._has_layout: Callable[[], bool] = layout.is_file if reload else functools.cache(layout.is_file)

    def render(self, name: str, context: dict[str, Any]) -> str:
        """Return the HTML; raises jinja2's TemplateError (also for unknown names)."""
        layout = LAYOUT if self._has_layout() else f"{OWN}/layout.html.j2"
        template = self.environment.get_template(name)
        return self.environment.fill_in(template, context | {"payloom_layout": layout}, MOST_CHARACTERS)

    def check(self, name: str, file: str) -> list[Diagnostic]:
        """Return what is wrong with the template's syntax or with a template it names."""
        try:
            self.environment.get_template(name)
        except TemplateSyntaxError as error:
            place = Place(error.lineno or 1, 1, error.lineno or 1, 2)
            return [Diagnostic.at(place, SHAPE, f"template: {error.message}", file=file)]
        except TemplateNotFound as error:
            return [Diagnostic.at(Place(), SHAPE, f"there is no template {error.name}", file=file)]
        except TemplateError as error:
            return [Diagnostic.at(Place(), SHAPE, f"template: {error}", file=file)]
        return []
