"""Checked workflow texts, shared by publishing and the editor: a text is checked once for each catalog revision."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict

from payloom.kit.diagnostics import Diagnostic
from payloom.project.catalog import ProjectCatalog
from payloom.workflows.loading.loader import Draft, check_draft, read_workflow
from payloom.workflows.program.program import Workflow

MAX_TEXTS = 32
"""Texts that are kept; the one that was not used for longest goes first."""


@dataclasses.dataclass(frozen=True, slots=True)
class CheckedText:
    """A text that was read and checked. workflow: None if there are errors."""

    text: str
    draft: Draft
    diagnostics: tuple[Diagnostic, ...]

    @property
    def workflow(self) -> Workflow | None:
        """The compiled workflow; None while there are errors."""
        broken = any(diagnostic.severity == "error" for diagnostic in self.diagnostics)
        return None if broken or self.draft.compiled is None else self.draft.compiled.workflow


class CheckCache:
    """The latest checked texts, by workflow, text and catalog revision. Safe for use from several threads."""

    def __init__(self) -> None:
        """Start empty."""
        self._texts: OrderedDict[tuple[str, str, int], CheckedText] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, workflow_id: str, text: str, catalog: ProjectCatalog) -> CheckedText:
        """Return the result for a text; read and check it unless the cache has it."""
        key = (workflow_id, text, catalog.revision)
        with self._lock:
            checked = self._texts.get(key)
            if checked is not None:
                self._texts.move_to_end(key)
                return checked
        draft = read_workflow(text, workflow_id=workflow_id, file=f"workflows/{workflow_id}.yaml", catalog=catalog)
        checked = CheckedText(text, draft, check_draft(draft, catalog))
        self.add(workflow_id, checked, catalog)
        return checked

    def add(self, workflow_id: str, checked: CheckedText, catalog: ProjectCatalog) -> None:
        """Keep the result of a check that was made elsewhere."""
        with self._lock:
            self._texts[workflow_id, checked.text, catalog.revision] = checked
            while len(self._texts) > MAX_TEXTS:
                self._texts.popitem(last=False)
