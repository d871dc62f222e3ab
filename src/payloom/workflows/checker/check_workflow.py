"""The checks that need no run: names, references, types, and what is known to go wrong with money."""

from __future__ import annotations

from payloom.kit.diagnostics import Diagnostic
from payloom.kit.yaml.source import Source
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.checker import suppressions
from payloom.workflows.checker.email_data import check_email_data
from payloom.workflows.checker.expressions import Types, check_expressions
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.flow import analyze, check_references
from payloom.workflows.checker.names import Names
from payloom.workflows.checker.payment_rules.amounts import check_amounts
from payloom.workflows.checker.payment_rules.answers import check_answers
from payloom.workflows.checker.payment_rules.callers import check_callers
from payloom.workflows.checker.payment_rules.literals import check_literals
from payloom.workflows.checker.payment_rules.money import check_money
from payloom.workflows.checker.payment_rules.outputs import check_outputs
from payloom.workflows.checker.payment_rules.ownership import check_ownership
from payloom.workflows.checker.payment_rules.payments import check_payments
from payloom.workflows.checker.payment_rules.secrets import check_secrets
from payloom.workflows.checker.payment_rules.stale_reads import check_stale_reads
from payloom.workflows.checker.payment_rules.taint import Taint
from payloom.workflows.program.program import Workflow


def check(workflow: Workflow, source: Source, catalog: Catalog) -> list[Diagnostic]:
    """Return every finding about a compiled workflow; ignore comments are not applied yet."""
    findings = Findings(workflow, source, catalog)
    flow = analyze(findings)
    check_references(findings, flow)
    types = Types(findings, flow)
    check_expressions(findings, types)
    Names(findings, types).run()
    check_email_data(findings, types)
    taint = Taint(findings)
    check_money(findings, taint)
    check_ownership(findings, taint)
    check_callers(findings, taint)
    check_amounts(findings)
    check_literals(findings, types)
    check_payments(findings, types)
    check_secrets(findings)
    check_answers(findings)
    check_stale_reads(findings)
    check_outputs(findings, types)
    return findings.found


apply_suppressions = suppressions.apply
