"""F120: one user's response for every caller who knows the key."""

from __future__ import annotations

from payloom.workflows.checker.findings import Findings, reads
from payloom.workflows.program.program import ApiTrigger


def check_answers(findings: Findings) -> None:
    """Check that the `once` key of an endpoint holds the user or, where nobody is signed in, the inputs.

    The key of an endpoint for roles can be an input alone: it says what staff do once, whoever of them does it.
    """
    _one_for_everybody(findings)
    if findings.workflow.once is None or not findings.apis:
        return
    sites = findings.sites_below(("once",))
    if any(reads(site.compiled, "user") for site in sites):
        return
    for_anybody = any(api.auth in {"user", "optional"} for api in findings.apis if isinstance(api.auth, str))
    if for_anybody:
        findings.report("F120", ("once",), "this key has no user: callers who send the same value share one run")
    elif not any(reads(site.compiled, "inputs") for site in sites):
        findings.report("F120", ("once",), "this key is the same for every caller", "make it of the inputs")


def _one_for_everybody(findings: Findings) -> None:
    """Find a `dedupe` of guests without anything of theirs: all of them get the first one's response."""
    for at, trigger in findings.of_kind("api"):
        assert isinstance(trigger, ApiTrigger)
        if trigger.dedupe is None or trigger.auth not in {"none", "optional"}:
            continue
        path = ("on", at, "dedupe")
        sites = findings.by_path.get(path, [])
        if not any(reads(site.compiled, "inputs", "user", "request") for site in sites):
            findings.report("F120", path, "this key is the same for every caller", "make it of the inputs")
