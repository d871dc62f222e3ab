"""F001 and F002 for mails: what a step hands over, and what its template reads."""

from __future__ import annotations

from payloom.kit.json_types import is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.scope import names
from payloom.workflows.interpreter.verbs import outbound


def check_email_data(findings: Findings) -> None:
    """Compare the keys of `data` with the names in the template; data that an expression makes is left out."""
    for node in findings.nodes:
        if not isinstance(node, outbound.Email) or not is_map(node.data.literal):
            continue
        template = findings.catalog.email_data(node.template)
        if template is None:
            continue
        sent = {str(name) for name in node.data.literal}
        for name in sorted(sent - template.known):
            hint = did_you_mean(name, template.known - sent) or f"it reads {names(sorted(template.known)) or 'nothing'}"
            findings.report(
                "F001", (*node.path, "data", name), f"the template `{node.template}` reads no `{name}`", hint, key=True
            )
        missing = sorted(template.required - sent)
        if missing:
            findings.report(
                "F002",
                (*node.path, "email"),
                f"the template `{node.template}` reads {names(missing)}, and `data` has none",
                f"add data: {{{missing[0]}: …}}",
            )
