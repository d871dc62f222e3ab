"""Cases of workflows: what they find, and how they say it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.processes import payloom_process
from tests.support.testing_fixture import PAY, REFUND, SmallProject

from payloom.project.loader import ProjectHasErrors
from payloom.sandbox.errors import BadCaseFile
from payloom.testing.runner import Report, run_cases
from payloom.testing.update_expectations import record
from payloom.testing.variants import CaseResult

Lines = Callable[[Report], list[str]]
ORDER = "given: {tables: {orders: [{id: o1, amount: 2198}]}}\n"
PAID = f"""\
workflow: pay
{ORDER}cases:
  - name: pays
    event: {{type: payment_intent.succeeded, object: {{id: pi_1, amount: 2198, metadata: {{order_id: o1}}}}}}
    expect:
      tables: {{orders: [{{id: o1, status: paid, paid_at: "2026-01-01T00:00:00Z"}}]}}
      emails: [{{template: receipt, to: buyer@example.com, data: {{total: $21.98, number: o1}}}}]
      stripe: []
      runs: 1
"""


def test_a_right_workflow_passes_in_every_variant(small: SmallProject, lines: Lines) -> None:
    report = small.cases(PAID)
    assert lines(report) == []
    assert report.results[0].scenarios > 5, "it was also delivered twice and killed at every boundary"


def test_a_difference_is_said_by_row_and_column(small: SmallProject, lines: Lines) -> None:
    report = small.cases(PAID.replace("status: paid", "status: refunded").replace("$21.98", "$1.00"))
    assert 'as it stands: orders[o1].status: expected "refunded", found "paid"' in lines(report)
    assert any("emails[0]" in line and "$1.00" in line for line in lines(report))
    place = report.results[0].variants[0].differences[0].path
    assert report.results[0].case.file.source.place(place).line == 7


def test_a_receipt_without_a_guard_is_found_when_events_come_twice_under_two_ids(
    small: SmallProject, lines: Lines
) -> None:
    small.write("workflows/pay.yaml", PAY.replace(", status: pending}", "}"))
    event = next(line for line in PAID.splitlines() if "event:" in line).partition("event: ")[2]
    two = PAID.replace(f"    event: {event}", f"    events:\n      - {event}\n      - {event}")
    failures = lines(small.cases(two))
    assert any(line.startswith("as it stands: emails: unexpected") for line in failures)


def test_what_depends_on_the_order_of_events_is_found(small: SmallProject, lines: Lines) -> None:
    last_wins = """\
name: Last wins
on: {stripe: charge, actions: [refunded], fresh: false}
steps:
  - update: orders
    where: {id: "${{ object.metadata.order_id }}"}
    set: {amount: "${{ object.amount_refunded }}"}
"""
    small.write("workflows/last-wins.yaml", last_wins)
    cases = f"""\
workflow: last-wins
{ORDER}cases:
  - name: the sum of refunds
    events:
      - {{type: charge.refunded, object: {{id: ch_1, amount_refunded: 100, metadata: {{order_id: o1}}}}}}
      - {{type: charge.refunded, object: {{id: ch_1, amount_refunded: 300, metadata: {{order_id: o1}}}}}}
"""
    failures = lines(small.cases(cases))
    assert failures
    assert all(line.startswith("delivered in the order evt_2, evt_1") for line in failures)
    small.write("workflows/last-wins.yaml", last_wins.replace("fresh: false", "fresh: true"))
    assert lines(small.cases(cases)) == []
    small.write("workflows/last-wins.yaml", last_wins)
    strict = cases.replace("    events:", "    order: strict\n    events:")
    assert lines(small.cases(strict)) == []


def test_a_mail_template_that_misses_a_value_is_found_before_a_case_runs(small: SmallProject) -> None:
    small.write("workflows/pay.yaml", PAY.replace("number: ", "nummer: "))
    with pytest.raises(ProjectHasErrors, match="the template `receipt` reads number, and `data` has none"):
        small.cases(PAID)


def test_a_null_in_a_mail_fails_the_case(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/pay.yaml", PAY.replace('number: "${{ order.id }}"', 'number: "${{ null }}"'))
    assert any("a value is null" in line and "emails/receipt.mjml.j2" in line for line in lines(small.cases(PAID)))


REFUNDED = """\
workflow: refund
given:
  tables: {orders: [{id: o1, amount: 500, status: paid}]}
  stripe: {objects: [{id: pi_1, amount: 500, currency: usd}]}
cases:
  - name: gives it back once
    call: {inputs: {order_id: o1}}
    expect:
      output: {refund: re_1}
      tables: {orders: [{id: o1, status: refunded, refund: re_1}]}
      stripe: [{call: refunds.create, with: {amount: 500, payment_intent: pi_1}, key: refund-o1}]
"""


def test_a_call_is_answered_and_its_effects_are_checked(small: SmallProject, lines: Lines) -> None:
    assert lines(small.cases(REFUNDED)) == []
    wrong = lines(small.cases(REFUNDED.replace("amount: 500, payment_intent", "amount: 5, payment_intent")))
    assert wrong == ["as it stands: stripe[0].with.amount: expected 5, found 500"]


def test_stripe_refuses_what_a_case_says_it_refuses(small: SmallProject, lines: Lines) -> None:
    refused = REFUNDED.replace(
        "currency: usd}]}", "currency: usd}], answers: {refunds.create: {error: charge_already_refunded}}}"
    )
    head = refused[: refused.index("    expect:")]
    assert lines(small.cases(head + "    expect: {error: charge_already_refunded, stripe: []}\n")) == []
    assert any("refund failed in step 1" in line for line in lines(small.cases(head)))


def test_mistakes_in_a_test_file_have_a_place_and_a_guess(small: SmallProject) -> None:
    wrong = """\
workflow: pay
given: {tables: {order: [], orders: [{id: o1, amout: 1, status: open}]}}
cases:
  - name: a
    event: {type: payment_intent.suceeded, object: {amont: 1}}
    expect: {table: {}, emails: [{template: reciept}], stripe: [{call: refund.create}]}
"""
    with pytest.raises(BadCaseFile) as caught:
        small.cases(wrong)
    messages = [diagnostic.format() for diagnostic in caught.value.diagnostics]
    assert "tests/one.test.yaml:2:18: there is no table 'order' (did you mean 'orders'?)" in messages
    assert any("has no key 'amout' (did you mean 'amount'?)" in line for line in messages)
    assert any(line.startswith("tests/one.test.yaml:2:") and "status" in line for line in messages)
    assert any(
        "no event 'payment_intent.suceeded' (did you mean 'payment_intent.succeeded'?)" in line for line in messages
    )
    assert any("no key 'table' (did you mean 'tables'?)" in line for line in messages)
    assert any("no mail template 'reciept'" in line for line in messages)
    assert any("no call 'refund.create' (did you mean 'refunds.create'?)" in line for line in messages)


def test_a_field_stripe_does_not_have_is_a_mistake(small: SmallProject) -> None:
    with pytest.raises(BadCaseFile, match=r"payment_intent has no field 'ammount' .did you mean 'amount'"):
        small.cases(PAID.replace("id: pi_1, amount", "id: pi_1, ammount"))


def test_steps_and_cases_never_reached_are_named(small: SmallProject) -> None:
    small.write("tests/one.test.yaml", PAID)
    small.write("tests/two.test.yaml", REFUNDED)
    done = payloom("test", cwd=small.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "never reached: workflows/pay.yaml:8: case payment_failed" in done.stderr
    assert "never reached: workflows/pay.yaml:21: log" in done.stderr
    assert "workflows/refund.yaml" not in done.stderr


def test_the_command_reports_in_json_and_by_its_exit_code(small: SmallProject) -> None:
    small.write("tests/one.test.yaml", PAID.replace("runs: 1", "runs: 2"))
    done = payloom("test", "--json", cwd=small.root)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["cases"][0]["failures"] == [
        {"variant": "as it stands", "line": 10, "what": "runs", "expected": 2, "found": 1}
    ]
    assert payloom("test", "-k", "nothing like it", cwd=small.root).returncode == 3
    assert payloom("test", "--list", cwd=small.root).stdout == "tests/one.test.yaml::pays\n"


def test_expectations_are_written_and_nothing_else_changes(small: SmallProject) -> None:
    before = """\
# Refunds.
workflow:   refund   # the one
given: { tables: {orders: [{id: o1, amount: 500, status: paid}]},
          stripe: {objects: [{id: pi_1, amount: 500, currency: usd}]} }

cases:
  - name: "gives it back"   # quoted
    call: { inputs: {order_id: o1} }

  # The next one.
  - name: not twice
    given: {tables: {orders: [{id: o1, status: refunded}]}}
    call: {inputs: {order_id: o1}}
    expect: {status: 200}
"""
    path = small.write("tests/one.test.yaml", before)
    done = payloom("test", "--record", cwd=small.root)
    assert done.returncode == 1, "the second one is left as it is, and fails"
    after = path.read_text("utf-8")
    for line in before.splitlines():
        assert line in after
    assert "call: refunds.create" in after
    assert "expected 200, found 404" in done.stdout, "what differs is shown"
    assert "left as it is, and failing: tests/one.test.yaml::not twice" in done.stderr


def test_a_failing_expectation_is_replaced_only_when_somebody_says_so(small: SmallProject) -> None:
    before = PAID.replace("status: paid", "status: refunded")
    path = small.write("tests/one.test.yaml", before)
    assert payloom("test", "--record", cwd=small.root).returncode == 1
    assert path.read_text("utf-8") == before
    refused = payloom("test", "--overwrite", cwd=small.root)
    assert (refused.returncode, path.read_text("utf-8")) == (2, before), "without --record it says nothing"
    done = payloom("test", "--record", "--overwrite", cwd=small.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "orders[o1].status" in done.stdout
    assert "status: paid" in path.read_text("utf-8")
    assert payloom("test", cwd=small.root).returncode == 0
    assert payloom("test", "--record", cwd=small.root).returncode == 0


def test_a_terminal_is_asked_about_each_failing_expectation(small: SmallProject) -> None:
    """The answer to the question decides, case by case."""
    failing = PAID.replace("status: paid", "status: refunded")
    second = (
        failing[failing.index("  - name: pays") :].replace("name: pays", "name: pays again").replace("pi_1", "pi_2")
    )
    path = small.write("tests/one.test.yaml", failing + second)
    case_names: list[str] = []

    def replace(result: CaseResult) -> bool:
        case_names.append(result.case.name)
        return result.case.name == "pays again"

    report = asyncio.run(run_cases(small.root, variants=False))
    assert record(report.results, replace) == (["tests/one.test.yaml::pays again"], ["tests/one.test.yaml::pays"])
    assert case_names == ["pays", "pays again"]
    assert path.read_text("utf-8").startswith(failing)


SECRETS = """\
name: Small
http_allow: [api.example.com]
secrets: {TOKEN: {env: A_TOKEN_THAT_IS_NOT_SET}}
env: {PARTNER: {env: A_PARTNER_THAT_IS_NOT_SET}}
"""
SENDS = """\
name: Sends
description: Sends something with a secret.
on: {api: POST /send, auth: none}
steps:
  - http: POST https://api.example.com/x
    headers: {Authorization: "Bearer ${{ secrets.TOKEN }}"}
    body: {partner: "${{ env.PARTNER }}"}
"""


def test_secrets_that_are_not_set_are_made_up_where_a_test_needs_them(small: SmallProject, lines: Lines) -> None:
    small.write("payloom.yaml", SECRETS)
    small.write("workflows/send.yaml", SENDS)
    initial_state = 'given: {http: {"POST https://api.example.com/x": {status: 200, body: {}}}}'
    report = small.cases(
        f"workflow: send\n{initial_state}\ncases: [{{name: sends, call: {{}}, expect: {{status: 200}}}}]\n"
    )
    assert lines(report) == []
    assert report.results[0].scenarios > 5
    for command in (("check",), ("schema",), ("storm", "--seeds", "10"), ("workflows",), ("openapi",)):
        done = payloom(*command, cwd=small.root)
        assert done.returncode == 0, done.stdout + done.stderr
    served = payloom("doctor", cwd=small.root)
    assert "A_PARTNER_THAT_IS_NOT_SET" in served.stdout + served.stderr, "what is served needs the real ones"


ADDS = """\
name: Adds
description: Reads, calls, and writes what it read and one more.
on: {api: POST /add, auth: none}
input: {order_id: uuid}
steps:
  - id: order
    select: orders
    where: {id: "${{ inputs.order_id }}"}
    one: required
  - stripe: customers.create
    with: {description: "${{ order.id }}"}
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {amount: "${{ order.amount + 1 }}"}
"""


def test_two_callers_at_once_find_an_update_that_gets_lost(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/add.yaml", ADDS)
    case = "workflow: add\n" + ORDER + "cases: [{name: adds, call: {inputs: {order_id: o1}}}]\n"
    failures = lines(small.cases(case))
    assert failures
    assert all(line.startswith("by two callers at once") for line in failures)
    assert any('"amount": 2200' in line for line in failures), "one after the other adds two"


def test_two_callers_at_once_may_get_other_answers_than_one_after_the_other(small: SmallProject, lines: Lines) -> None:
    """The second refund has the key of the first: the money goes back once, whatever the callers hear."""
    case = "workflow: refund\ngiven: {tables: {orders: [{id: o1, amount: 500, status: paid}]}}\n"
    report = small.cases(case + "cases: [{name: refunds, call: {inputs: {order_id: o1}}}]\n")
    assert lines(report) == []
    once = small.write(
        "workflows/refund.yaml",
        REFUND.replace("refund-${{ order.id }}", "${{ run.id }}").replace(
            "refunds.create\n", "refunds.create  # payloom: ignore[F104] planted\n"
        ),
    )
    failures = lines(small.cases(case + "cases: [{name: refunds, call: {inputs: {order_id: o1}}}]\n"))
    assert any("calls to Stripe: 1 too many" in line and "refunds.create" in line for line in failures), once


def test_pytest_collects_the_cases(small: SmallProject) -> None:
    small.write("tests/one.test.yaml", PAID)
    small.write("tests/two.test.yaml", PAID.replace("runs: 1", "runs: 3"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests"],
        cwd=small.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "as it stands: runs: expected 3, found 1" in done.stdout


def payloom(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return payloom_process.run(*words, cwd=cwd, timeout=200)
