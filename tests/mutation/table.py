"""What is measured: the modules that guard money and safety, each with the smallest tests that ought to hold it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """One module. source: its file. tests: files or tests, the quick ones first. keyword: for pytest's `-k`."""

    source: str
    tests: tuple[str, ...]
    keyword: str = ""


def _module(source: str, *tests: str, keyword: str = "") -> Measured:
    return Measured(source, tests, keyword)


_CHECKER = "src/payloom/workflows/checker/payment_rules"
_STRIPE = "tests/integration/connectors/stripe"
_CHECKER_TESTS = tuple(
    f"tests/unit/workflows/checker/test_{name}.py"
    for name in ("callers", "checker", "whose_it_is", "checker_following", "outcomes")
)
_BYSTANDERS = "tests/integration/runs/ordering/test_bystanders.py"
_SEALING = "tests/integration/security/records/test_sealing.py"
_BILLING = "emulator/tests/integration/billing/subscriptions"

_PARAMETERS = "tests/unit/workflows/checker/parameters"

MODULES = (
    _module(
        "src/payloom/kit/secrets/cards.py", "tests/unit/kit/test_redaction.py", _SEALING, keyword="card or encoding"
    ),
    _module("src/payloom/kit/secrets/named.py", _SEALING, keyword="secret_name"),
    _module("src/payloom/api/management/access/limits.py", "tests/integration/security/rights/test_limits_of_staff.py"),
    _module("src/payloom/kit/money.py", "tests/unit/kit/test_kit_money.py"),
    _module("src/payloom/inbox/signature.py", "tests/unit/inbox/test_signature.py"),
    _module("src/payloom/inbox/service.py", "tests/integration/inbox"),
    _module(
        "src/payloom/inbox/set_aside.py",
        "tests/integration/inbox",
        "tests/integration/security/records/test_set_aside.py",
    ),
    _module(
        "src/payloom/auth/sessions.py",
        "tests/integration/auth/test_session_rows.py",
        "tests/integration/auth/test_accounts.py",
        "tests/integration/security/accounts/test_sessions.py",
    ),
    _module("src/payloom/auth/decision_links.py", "tests/integration/auth/test_decision_links.py"),
    _module(
        "src/payloom/auth/links.py",
        "tests/integration/auth/test_session_rows.py",
        "tests/integration/security/accounts/test_links_by_mail.py",
    ),
    _module(
        "src/payloom/auth/sign_in_throttle.py",
        "tests/unit/auth/test_sign_in_throttle.py",
    ),
    _module(
        "src/payloom/tables/query/where.py",
        "tests/unit/tables/test_where_words.py",
        "tests/integration/tables/test_table_verbs.py",
        "tests/integration/tables/test_where_properties.py",
    ),
    _module(
        "src/payloom/tables/query/sql.py",
        "tests/unit/tables/test_where_words.py",
        "tests/integration/tables/test_table_verbs.py",
        "tests/integration/tables/test_where_properties.py",
    ),
    _module("src/payloom/tables/query/integrity.py", "tests/unit/tables/test_integrity.py"),
    _module("src/payloom/connectors/http/guard.py", "tests/unit/connectors/test_http_guard.py"),
    _module(
        "src/payloom/connectors/stripe/failures.py",
        "tests/unit/connectors/stripe/test_failures.py",
        f"{_STRIPE}/test_stripe_calls.py",
        f"{_STRIPE}/test_stripe_answers.py",
    ),
    _module(
        "src/payloom/connectors/stripe/lookup.py",
        "tests/unit/connectors/stripe/test_look_ups.py",
        f"{_STRIPE}/test_stripe_lost_changes.py",
        f"{_STRIPE}/test_stripe_once.py",
    ),
    _module(
        "src/payloom/runs/coordination/dedupe.py",
        _BYSTANDERS,
        "tests/integration/runs/ordering/test_whose_answer.py",
        "tests/integration/runs/test_runs.py",
        "tests/integration/runs/ordering/test_shared_calls.py",
    ),
    _module(
        "src/payloom/runs/coordination/waits.py",
        _BYSTANDERS,
        "tests/integration/runs/test_runs.py",
        "tests/integration/runs/ordering",
    ),
    _module(
        "src/payloom/runs/coordination/lanes.py",
        _BYSTANDERS,
        "tests/integration/runs/ordering",
        "tests/integration/runs/test_runs.py",
    ),
    _module(
        "src/payloom/runs/publishing/trigger_matching.py",
        "tests/integration/runs/test_runs.py",
        "tests/integration/security/rights/test_foreign_accounts.py",
    ),
    _module("src/payloom/runs/start_rights.py", "tests/unit/security/test_start_rights.py"),
    _module(f"{_CHECKER}/ownership.py", *_CHECKER_TESTS),
    _module(f"{_CHECKER}/taint.py", *_CHECKER_TESTS),
    _module(f"{_CHECKER}/amounts.py", *_CHECKER_TESTS),
    _module(f"{_CHECKER}/payments.py", *_CHECKER_TESTS),
    _module(f"{_CHECKER}/callers.py", *_CHECKER_TESTS),
    _module(f"{_CHECKER}/stale_reads.py", "tests/unit/workflows/checker/test_stale_reads.py"),
    _module(f"{_CHECKER}/literals.py", "tests/unit/workflows/checker/parameters/test_literals.py", *_CHECKER_TESTS[:1]),
    _module(
        "src/payloom/workflows/checker/parameters/limits.py", "tests/unit/workflows/checker/parameters/test_literals.py"
    ),
    *(
        _module(
            f"src/payloom/workflows/checker/parameters/{name}.py",
            f"{_PARAMETERS}/test_literal_mistakes.py",
            f"{_PARAMETERS}/test_together.py",
        )
        for name in ("constants", "items", "moments", "presence", "searches", "together")
    ),
    _module(
        "emulator/src/payloom_emulator/runtime/requests/relations.py",
        "emulator/tests/integration/errors/test_relations.py",
    ),
    _module("src/payloom/views/payment_state.py", "tests/unit/views/test_payment_state.py"),
    _module(
        "emulator/src/payloom_emulator/billing/subscriptions/proration.py",
        f"{_BILLING}/test_changes.py",
        f"{_BILLING}/test_subscriptions_begin.py",
    ),
    _module(
        "emulator/src/payloom_emulator/payments/refunds.py",
        "emulator/tests/integration/payments/test_charges_and_refunds.py",
    ),
)
