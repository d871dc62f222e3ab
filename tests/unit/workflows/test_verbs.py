"""What each verb does, driven through `Execution`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.support.present import present
from tests.support.workflow_driver import START, Driver, Tables, caller, steps, stripe_event, unchecked

from payloom.workflows.catalog.events import build_scope
from payloom.workflows.compiler.compile import load_model
from payloom.workflows.errors import BrokenModel, HistoryMismatch
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.interpreter.frame import RunInfo
from payloom.workflows.program.commands import (
    Approve,
    Do,
    Entry,
    Finished,
    Log,
    Respond,
    Retry,
    Sleep,
    StepFailure,
    Wait,
)

RUN = RunInfo("run_1", "run_1", START, "test")
DECLINED = StepFailure("card_error", "Your card was declined.", status=402, data={"decline_code": "lost_card"})


def end(body: str, driver: Driver | None = None, **inputs: Any) -> Finished:
    """Run steps whose input is not declared."""
    return (driver or Driver()).run(steps(body), caller(inputs))


def output(body: str, driver: Driver | None = None, **inputs: Any) -> Any:
    """Run steps that must succeed and return their answer."""
    finished = end(body, driver, **inputs)
    assert finished.status == "succeeded", finished
    return finished.output


def test_a_skipped_step_is_null() -> None:
    assert output("""
- id: greeting
  when: 1 > 2
  insert: users
  values: {email: a@b.c}
- return: {skipped: "${{ greeting == null }}", name: "${{ greeting?.email ?? 'nobody' }}"}
""") == {"skipped": True, "name": "nobody"}


def test_a_condition_must_be_true_or_false() -> None:
    finished = end("- if: inputs.n\n  then: []\n", n=1)
    assert finished.failure is not None
    assert finished.failure.kind == "expression"
    assert finished.failure.where == "test.yaml:4:9"


def test_an_expression_error_names_its_place_in_the_file() -> None:
    finished = end("- log: Hello ${{ inputs.nmae }}\n", name="Ada")
    assert finished.failure is not None
    assert finished.failure.where is not None
    assert finished.failure.where.startswith("test.yaml:4:2")
    assert "nmae" in finished.failure.message


def test_an_expression_error_of_a_stored_version_names_the_step() -> None:
    stored = load_model(steps("- log: Hello ${{ inputs.nmae }}\n").to_model(), "test")
    finished = Driver().run(stored, caller({}))
    assert finished.failure is not None
    assert finished.failure.where == "step 0"


def test_switch_fails_on_a_value_without_a_case() -> None:
    body = """\
- switch: inputs.n
  cases:
    1: [{return: one}]
    true: [{return: yes}]
    'null': [{return: none}]
"""
    assert output(body, n=1) == "one"
    assert output(body, n=True) == "yes"
    assert output(body, n=None) == "none"
    finished = end(body, n=2)
    assert finished.failure is not None
    assert (finished.failure.kind, finished.http_status) == ("no_case", 500)


def test_switch_takes_the_first_condition_that_holds() -> None:
    body = """
- switch:
  cases:
    - {when: inputs.n > 10, do: [{return: big}]}
    - {when: inputs.n > 1, do: [{return: some}]}
  default: [{return: few}]
"""
    assert [output(body, n=n) for n in (11, 2, 1)] == ["big", "some", "few"]


def test_for_each_gives_a_list_and_keeps_ids_to_the_round() -> None:
    driver = Driver()
    assert output("""
- id: all
  for_each: inputs.names
  as: name
  do:
    - id: row
      insert: users
      values: {email: "${{ name }}"}
    - let: {last: "${{ row.email }}"}
- return: {rows: "${{ all.map(one, one.last) }}", outside: "${{ row }}", last: "${{ vars.last }}"}
""", driver, names=["a", "b"]) == {"rows": ["a", "b"], "outside": None, "last": "b"}  # fmt: skip
    assert [call.path for call in driver.calls("insert")] == ["0.do[0].0", "0.do[1].0"]


def test_for_each_refuses_what_is_no_list_and_what_is_too_long() -> None:
    body = "- for_each: inputs.x\n  max: 2\n  do: [{log: x}]\n"
    assert end(body, x=3).failure.kind == "expression"  # pyright: ignore[reportOptionalMemberAccess] - it is None only when the test fails
    assert end(body, x=[1, 2, 3]).failure.kind == "too_many_items"  # pyright: ignore[reportOptionalMemberAccess] - it is None only when the test fails
    assert end(body, x=[1, 2]).status == "succeeded"


def test_concurrent_rounds_ask_for_several_commands_at_once() -> None:
    document = steps(
        '- for_each: inputs.n\n  concurrency: 2\n  do: [{email: receipt, to: "${{ item }}@b.c"}]\n- log: done\n'
    )
    execution = Execution(document, caller({"n": ["a", "b", "c"]}), RUN)

    def waiting() -> list[str]:
        todo = execution.next()
        assert not isinstance(todo, Finished)
        return [command.path for command in todo]

    assert waiting() == ["0.do[0].0", "0.do[1].0"]
    execution.record(Entry("0.do[1].0"))
    assert waiting() == ["0.do[0].0", "0.do[2].0"]
    execution.record(Entry("0.do[0].0"))
    execution.record(Entry("0.do[2].0"))
    assert waiting() == ["1"]


def test_while_counts_its_rounds_and_never_runs_for_ever() -> None:
    body = """\
- let: {n: 0}
- id: rounds
  while: vars.n < 3
  max: 5
  do: [{let: {n: "${{ vars.n + 1 }}"}}]
- return: ${{ rounds }}
"""
    assert output(body) == 3
    finished = end(body.replace("vars.n < 3", "true"))
    assert finished.failure is not None
    assert finished.failure.kind == "too_many_rounds"


def test_while_reads_the_pages_of_a_list() -> None:
    pages = iter([{"data": [{"id": "cus_1"}], "has_more": True}, {"data": [{"id": "cus_2"}], "has_more": False}])
    driver = Driver(answers={"customers.list": lambda _: next(pages)})
    output(
        """
- id: pages
  while: page == null || page.has_more
  max: 10
  do:
    - id: page
      stripe: customers.list
      with: {limit: 1, starting_after: "${{ page?.data?[0]?.id }}"}
""".replace("page?.data?[0]?.id", "page == null ? null : page.data[0].id"),
        driver,
    )
    assert [call.args["with"] for call in driver.calls("stripe")] == [
        {"limit": 1},
        {"limit": 1, "starting_after": "cus_1"},
    ]


TRY = """
- id: result
  try:
    - id: charge
      stripe: payment_intents.create
      with: {amount: 100}
    - return: paid
  catch:
    - errors: [lost_card]
      as: problem
      do:
        - return: {lost: "${{ problem.message }}", step: "${{ problem.step }}"}
    - errors: [timeout]
      do:
        - return: late
  finally:
    - log: finished
"""


def test_catch_takes_the_clause_that_names_the_error() -> None:
    driver = Driver(answers={"payment_intents.create": DECLINED})
    assert output(TRY, driver) == {"lost": "Your card was declined.", "step": "0.try.0"}
    assert [command.path for command in driver.done] == ["0.try.0", "0.finally.0"]


def test_finally_runs_when_nothing_was_caught() -> None:
    driver = Driver(answers={"payment_intents.create": StepFailure("other", "Something else.")})
    finished = end(TRY, driver)
    assert finished.path == "0.try.0"
    assert isinstance(driver.done[-1], Log)


def test_finally_runs_before_the_answer() -> None:
    driver = Driver(answers={"payment_intents.create": {"id": "pi_1"}})
    assert output(TRY, driver) == "paid"
    assert isinstance(driver.done[-1], Log)


def test_plain_catch_is_a_list_of_steps() -> None:
    driver = Driver(answers={"payment_intents.create": DECLINED})
    assert output("""
- try: [{stripe: payment_intents.create}]
  catch:
    - id: noted
      insert: orders
      values: {failure: "${{ error.kind }}"}
- return: ${{ noted.failure }}
""", driver) == "card_error"  # fmt: skip


@pytest.mark.parametrize(
    ("handler", "value"), [("continue", None), ('[{let: {seen: "${{ error.kind }}"}}]', {"seen": "card_error"})]
)
def test_a_step_may_go_on_after_an_error(handler: str, value: Any) -> None:
    driver = Driver(answers={"customers.create": DECLINED})
    assert (
        output(f"- id: made\n  stripe: customers.create\n  on_error: {handler}\n- return: ${{{{ made }}}}\n", driver)
        == value
    )


def test_the_workflows_on_error_runs_and_the_run_still_fails() -> None:
    document = unchecked("""
name: Test
on: {manual: true}
steps: [{stripe: customers.create}]
on_error:
  - email: receipt
    to: ops@example.com
    data: {what: "${{ error.message }}", step: "${{ error.step }}"}
  - return: {sorry: true}
    status: 503
""")
    driver = Driver(answers={"customers.create": DECLINED})
    finished = driver.run(document)
    assert (finished.status, finished.path, finished.failure) == ("failed", "0", DECLINED)
    assert (finished.output, finished.http_status) == ({"sorry": True}, 503)
    assert driver.calls("email")[0].path == "on_error.0"


PARALLEL = """
- id: both
  parallel:
    mail:
      - id: sent
        email: receipt
        to: a@b.c
    charge:
      - id: intent
        stripe: payment_intents.create
  fail: FAIL
- return: {mail: "${{ both.mail }}", intent: "${{ intent.id }}"}
"""


def parallel(fail: str) -> Execution:
    return Execution(steps(PARALLEL.replace("FAIL", fail)), caller({}), RUN)


def test_parallel_branches_wait_side_by_side() -> None:
    execution = parallel("fast")
    todo = execution.next()
    assert not isinstance(todo, Finished)
    assert [command.path for command in todo] == ["0.parallel.charge.0", "0.parallel.mail.0"]
    execution.record(Entry("0.parallel.mail.0", "sent"))
    execution.record(Entry("0.parallel.charge.0", {"id": "pi_1"}))
    assert execution.next() == Finished("succeeded", {"mail": "sent", "intent": "pi_1"})


def test_parallel_fails_fast_and_forgives_the_late_answer() -> None:
    execution = parallel("fast")
    execution.record(Entry("0.parallel.charge.0", failure=DECLINED))
    execution.record(Entry("0.parallel.mail.0", "sent"))
    finished = execution.next()
    assert isinstance(finished, Finished)
    assert (finished.status, finished.path) == ("failed", "0.parallel.charge.0")


def test_parallel_may_let_all_branches_end_first() -> None:
    execution = parallel("all")
    execution.record(Entry("0.parallel.charge.0", failure=DECLINED))
    todo = execution.next()
    assert not isinstance(todo, Finished)
    assert [command.path for command in todo] == ["0.parallel.mail.0"]
    execution.record(Entry("0.parallel.mail.0", "sent"))
    assert isinstance(execution.next(), Finished)


def test_a_history_of_another_document_is_refused() -> None:
    with pytest.raises(HistoryMismatch, match=r"0\.parallel\.charge\.0"):
        parallel("fast").record(Entry("7"))


def test_wait_sleeps_from_the_time_of_the_latest_entry() -> None:
    driver = Driver()
    output("- insert: users\n  values: {email: a@b.c}\n- wait: 14d\n- return: ${{ now() }}\n", driver)
    sleep = driver.done[1]
    assert isinstance(sleep, Sleep)
    assert sleep.until == START + dt.timedelta(seconds=1, days=14)


def test_wait_takes_a_moment_too() -> None:
    driver = Driver()
    output('- wait: "${{ timestamp(\'2026-02-01T00:00:00Z\') }}"\n- wait: "${{ inputs.days }}d"\n', driver, days=2)
    assert [command.until for command in driver.done if isinstance(command, Sleep)] == [
        dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 2, 3, tzinfo=dt.UTC),
    ]


def test_wait_for_gives_the_event_or_null() -> None:
    body = """
- id: paid
  wait_for: {stripe: payment_intent, actions: [succeeded], match: object.id == inputs.id, timeout: 1h}
- return: ${{ paid?.id }}
"""
    driver = Driver(answers={"payment_intent": {"id": "evt_1"}})
    assert output(body, driver, id="pi_1") == "evt_1"
    (wait,) = driver.done
    assert isinstance(wait, Wait)
    assert wait.match == "event.action in ['succeeded'] && (object.id == inputs.id)"
    assert wait.until == START + dt.timedelta(hours=1)
    assert wait.scope["inputs"] == {"id": "pi_1"}
    assert output(body, Driver(), id="pi_1") is None


APPROVE = """
- id: decision
  approve: Refund ${{ inputs.amount }}?
  roles: admin
  data: {amount: "${{ inputs.amount }}"}
  timeout: 2d
"""


def test_approve_goes_on_after_a_yes() -> None:
    driver = Driver(answers={"approve": {"approved": True, "by": "u9", "note": "fine"}})
    assert output(APPROVE + "- return: ${{ decision.by }}\n", driver, amount=5) == "u9"
    (ask,) = driver.done
    assert isinstance(ask, Approve)
    assert (ask.title, ask.roles, ask.data) == ("Refund 5?", ("admin",), {"amount": 5})
    assert ask.until == START + dt.timedelta(days=2)


@pytest.mark.parametrize(
    ("answer", "kind"), [({"approved": False, "by": "u9"}, "rejected"), (None, "approval_timeout"), ({}, "rejected")]
)
def test_without_a_yes_the_step_fails(answer: Any, kind: str) -> None:
    finished = end(APPROVE, Driver(answers={"approve": answer}), amount=5)
    assert finished.failure is not None
    assert finished.failure.kind == kind


def test_approve_has_a_branch_for_no_and_for_no_answer() -> None:
    body = APPROVE + "  then: [{return: yes}]\n  else: [{return: no}]\n  on_timeout: [{return: late}]\n"
    assert [output(body, Driver(answers={"approve": decision}), amount=1) for decision in ({"approved": True}, {}, None)] == [
        "yes", "no", "late",
    ]  # fmt: skip


def test_respond_answers_and_goes_on() -> None:
    driver = Driver()
    assert output("- respond: {ok: true}\n  status: 202\n- return: later\n", driver) == "later"
    assert driver.done == [Respond("0", {"ok": True}, 202, line=4)]


def test_raise_fails_with_its_own_code_and_status() -> None:
    finished = end(
        (
            '- raise: {status: 409, code: sold_out, message: "No ${{ inputs.sku }} left", data: {sku: "${{ inputs.sku }}"}}\n'
        ),
        sku="mug",
    )
    assert finished.failure == StepFailure("sold_out", "No mug left", status=409, data={"sku": "mug"})
    assert finished.http_status == 409


def test_let_sets_all_its_variables_at_once() -> None:
    assert output(
        """\
- let: {a: 1, b: 2}
- let: {a: "${{ vars.b }}", b: "${{ vars.a }}"}
- return: ${{ vars }}
"""
    ) == {
        "a": 2, "b": 1,
    }  # fmt: skip


def test_vars_of_the_file_are_set_first() -> None:
    document = unchecked(
        'name: T\non: {manual: true}\nvars: {site: "${{ env.SITE_URL }}/x", n: 3}\nsteps: [{return: "${{ vars }}"}]\n'
    )
    assert Driver().run(document).output == {"site": "https://shop.example/x", "n": 3}


def test_http_encodes_the_pieces_of_its_address_and_hides_secrets() -> None:
    driver = Driver()
    output(
        """
- http: POST https://api.example/orders/${{ inputs.id }}?q=${{ inputs.q }}
  headers: {Authorization: "Bearer ${{ secrets.API_KEY }}"}
  body: {id: "${{ inputs.id }}"}
  retry: {attempts: 3, first: 2s}
  timeout: 10s
""",
        driver,
        id="a b?",
        q="../x&y=1",
    )
    (call,) = driver.calls("http")
    assert call.action == call.args["url"] == "https://api.example/orders/a%20b%3F?q=..%2Fx%26y%3D1"
    assert call.args["method"] == "POST"
    ((placeholder, name),) = call.args["secrets"].items()
    assert name == "API_KEY"
    assert call.args["headers"]["Authorization"] == f"Bearer {placeholder}"
    assert (call.retry, call.timeout) == (Retry(3, 2.0, 2.0, 60.0), 10.0)


KEYED = """
- http: POST https://api.example/notes
  headers: {Authorization: "Bearer ${{ secrets.API_KEY }}"}
  body: {note: "${{ inputs.note }}", key: "${{ uuid() }}"}
"""


@pytest.mark.parametrize(
    "bring", [lambda mark: f"my note: {mark}", lambda mark: [{"deep": mark}], lambda mark: {mark: 1}]
)
def test_a_caller_who_knows_the_run_gets_no_secret_by_its_mark(bring: Any) -> None:
    """The mark of a secret follows from the run's id and the step: a value that brings it along is sent nowhere."""
    honest = Driver()
    output(KEYED, honest, note="hello")
    (placeholder,) = honest.calls("http")[0].args["secrets"]
    again = Driver()
    output(KEYED, again, note="hello")
    assert again.calls("http")[0].args == honest.calls("http")[0].args
    thief = Driver()
    finished = end(KEYED, thief, note=bring(placeholder))
    assert (present(finished.failure).kind, present(finished.failure).status) == ("http_bad_request", 422)
    assert thief.calls("http") == []


def test_a_caller_who_knows_the_run_gets_no_link_to_a_decision_by_its_mark() -> None:
    asking = """
- approve: Refund?
  roles: [boss]
  notify:
    - email: note
      to: boss@shop.test
      data: {link: "${{ approval.url }}"}
    - email: note
      to: caller@shop.test
      data: {text: "${{ inputs.note }}"}
"""
    honest = Driver(answers={"approve": {"approved": True}})
    output(asking, honest, note="hello")
    first, second = honest.calls("email")
    (mark,) = first.args["links"]
    assert "links" not in second.args
    thief = Driver(answers={"approve": {"approved": True}})
    finished = end(asking, thief, note=f"hello {mark}")
    assert (present(finished.failure).kind, present(finished.failure).status) == ("bad_mail", 422)
    assert len(thief.calls("email")) == 1


def test_a_base_address_may_come_from_the_environment() -> None:
    driver = Driver()
    output("- http: GET ${{ env.SITE_URL }}/hook/${{ inputs.id }}\n", driver, id="1 2")
    assert driver.calls("http")[0].action == "https://shop.example/hook/1%202"


def test_python_gets_its_arguments() -> None:
    driver = Driver(answers={"shop:price": 2198})
    assert output("- id: price\n  python: shop:price\n  with: {sku: mug}\n- return: ${{ price }}\n", driver) == 2198
    assert driver.calls("python")[0].args == {"with": {"sku": "mug"}}


def test_a_stripe_list_may_read_all_pages() -> None:
    driver = Driver(answers={"customers.list": []})
    output("- stripe: customers.list\n  all: true\n  max: 500\n", driver)
    assert driver.calls("stripe")[0].args == {"with": {}, "account": None, "all": True, "max": 500}


def test_nulls_are_not_sent_to_stripe() -> None:
    driver = Driver(answers={"customers.create": {}})
    output(
        "- stripe: customers.create\n  with: {name: null, email: '', metadata: {a: null, b: x}}\n  account: acct_1\n",
        driver,
    )
    assert driver.calls("stripe")[0].args == {"with": {"email": "", "metadata": {"b": "x"}}, "account": "acct_1"}


def test_table_verbs_say_how_many_rows() -> None:
    driver = Driver(Tables(users=[{"id": "u1"}, {"id": "u2"}]))
    output(
        """
- update: users
  where: {id: [u1, u2]}
  set: {plan: x}
  rows: 0..
- delete: users
  where: {id: u1}
- upsert: users
  key: id
  values: {id: u2, plan: y}
- select: users
  where: {plan: y}
  order_by: id desc
  limit: ${{ inputs.n }}
""",
        driver,
        n=3,
    )
    update, delete, upsert, select = [command for command in driver.done if isinstance(command, Do)]
    assert update.args == {"where": {"id": ["u1", "u2"]}, "set": {"plan": "x"}, "rows": [0, None]}
    assert delete.args == {"where": {"id": "u1"}, "rows": [1, 1]}
    assert upsert.args == {"key": ["id"], "values": {"id": "u2", "plan": "y"}}
    assert select.args == {
        "where": {"plan": "y"}, "one": None, "key_by": None, "require": None, "order_by": ["id desc"], "limit": 3,
    }  # fmt: skip
    assert driver.tables.rows["users"] == [{"id": "u2", "plan": "y"}]


def test_called_workflows_check_their_input_and_see_no_event() -> None:
    callee = unchecked(
        'name: C\non: {called: true}\ninput: {n: int, m?: int}\nsteps: [{return: "${{ inputs.n + 1 }}"}]\n', "callee"
    )
    spy = unchecked(
        'name: S\non: {called: true}\nsteps: [{return: "${{ event }}"}]\n'.replace("event", "user.id"), "spy"
    )
    others = {"callee": callee, "spy": spy}
    document = steps(
        """\
- id: a
  call: callee
  with: {n: "${{ inputs.n }}", m: null}
- id: b
  call: spy
- return: ["${{ a }}", "${{ b }}"]
"""
    )
    assert Driver().run(document, caller({"n": 1}), others).output == [2, "u1"]
    finished = Driver().run(document, caller({"n": "one"}), others)
    assert finished.failure is not None
    assert (finished.failure.kind, finished.http_status) == ("invalid_input", 422)


def test_a_filter_in_a_called_workflow_ends_only_the_call() -> None:
    callee = unchecked("name: C\non: {called: true}\nsteps: [{filter: 1 > 2}, {return: 1}]\n", "callee")
    assert (
        Driver().run(steps('- id: a\n  call: callee\n- return: "${{ a == null }}"\n'), None, {"callee": callee}).output
        is True
    )


def test_workflows_that_call_each_other_for_ever_are_stopped() -> None:
    loop = unchecked("name: L\non: {called: true}\nsteps: [{call: ensure-customer}]\n", "ensure-customer")
    finished = Driver().run(loop, None, {"ensure-customer": loop})
    assert finished.failure is not None
    assert finished.failure.kind == "call_too_deep"


def test_ids_and_the_roots_are_readable_under_context_and_steps() -> None:
    body = """\
- id: row
  insert: users
  values: {email: a@b.c}
- return: ["${{ context.row.email }}", "${{ steps.row.email }}", "${{ context.inputs.x }}", "${{ context.event?.id }}"]
"""
    assert output(body, x=1) == ["a@b.c", "a@b.c", 1, None]


def test_a_pasted_formula_reads_the_event() -> None:
    document = steps(
        """\
- filter: context.event.action === 'succeeded' && context.event.payment_intent.id != null
- return: ${{ context.event.status }}
"""
    )
    scope = stripe_event("payment_intent.succeeded", id="pi_1", status="succeeded")
    assert Driver().run(document, scope).output == "succeeded"


def test_uuid_is_the_same_on_every_replay_and_different_per_step() -> None:
    document = steps(
        """\
- id: a
  insert: users
  values: {id: "${{ uuid() }}", email: "${{ uuid() }}"}
- insert: users
  values: {id: "${{ uuid() }}"}
"""
    )

    def ids(run_id: str) -> list[Any]:
        driver = Driver()
        driver.run(document, caller({}), run_id=run_id)
        return [value for call in driver.calls("insert") for value in call.args["values"].values()]

    assert ids("run_1") == ids("run_1")
    assert len(set(ids("run_1") + ids("run_2"))) == 6


def test_the_trail_says_which_way_the_run_took() -> None:
    driver = Driver()
    driver.run(steps("- if: 1 > 2\n  then: [{log: a}]\n  else: [{log: b}]\n- when: 1 > 2\n  log: c\n"))
    assert [(entry.path, entry.outcome, entry.branch) for entry in driver.execution.trace] == [
        ("0", "took", "else"),
        ("0.else.0", "done", None),
        ("0", "done", None),
        ("1", "skipped", None),
    ]


def test_a_run_that_computes_for_ever_is_stopped() -> None:
    body = """\
- for_each: inputs.x
  do:
    - while: true
      max: 100000
      do: [{let: {a: 1}}]
      on_error: continue
"""
    finished = end(body, x=[1, 2, 3])
    assert finished.failure is not None
    assert finished.failure.kind == "too_many_steps"


def test_moments_of_rows_stay_moments_and_answers_are_json() -> None:
    document = steps(
        """\
- id: row
  select: users
  where: {id: u1}
  one: required
- filter: row.at < now()
- return: ${{ row }}
"""
    )
    execution = Execution(document, build_scope(), RUN)
    row = {"at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "day": dt.date(2026, 1, 1), "list": (1, 2)}
    execution.record(Entry("0", row))
    expected = {"at": "2026-01-01T00:00:00Z", "day": "2026-01-01", "list": [1, 2]}
    assert execution.next() == Finished("succeeded", expected)


def test_whoever_does_a_step_cannot_change_the_document() -> None:
    document = steps("- select: users\n  where: {id: [u1]}\n")
    for _ in range(2):
        todo = Execution(document, caller({}), RUN).next()
        assert not isinstance(todo, Finished)
        (command,) = todo
        assert isinstance(command, Do)
        assert command.args["where"] == {"id": ["u1"]}
        command.args["where"]["id"].append("u2")


def test_a_key_is_never_longer_than_stripe_takes() -> None:
    name = "x" * 300
    document = steps(f"- switch: \"'{name}'\"\n  cases: {{{name}: [{{stripe: customers.create}}]}}\n")
    driver = Driver()
    driver.run(document)
    (call,) = driver.calls("stripe")
    assert len(call.key) <= 255
    assert call.key.startswith("run_1:")


def test_what_a_called_workflow_says_on_its_error_is_not_the_answer() -> None:
    callee = unchecked(
        "name: C\non: {called: true}\nsteps: [{stripe: customers.create}]\non_error: [{return: callee}]\n", "callee"
    )
    driver = Driver(answers={"customers.create": DECLINED})
    finished = driver.run(steps("- call: callee\n"), None, {"callee": callee})
    assert (finished.status, finished.output, finished.http_status) == ("failed", None, 402)
    assert finished.path == "0.call.0"


ENSURED = """
- id: order
  select: orders
  where: {id: o1}
  one: optional
- ensure: order != null
  code: unknown_order
  status: 404
  message: There is no order ${{ run.id }}
  hint: Look it up in the shop
- return: {status: "${{ order.status }}"}
"""


def test_ensure_lets_a_run_go_on_whose_condition_holds() -> None:
    driver = Driver(Tables(orders=[{"id": "o1", "status": "paid"}]))

    assert output(ENSURED, driver) == {"status": "paid"}


def test_ensure_fails_the_run_with_the_error_of_the_file() -> None:
    finished = end(ENSURED, Driver(Tables(orders=[])))

    assert finished.status == "failed"
    assert finished.failure == StepFailure(
        "unknown_order", "There is no order run_1", status=404, hint="Look it up in the shop", data={}
    )
    assert finished.http_status == 404


def test_ensure_has_a_code_and_a_status_of_its_own_and_can_be_caught() -> None:
    caught = output("""
- try:
    - ensure: 1 > 2
      message: one is small
  catch:
    - errors: not_ensured
      do:
        - return: {status: "${{ error.status }}", message: "${{ error.message }}"}
""")

    assert caught == {"status": 400, "message": "one is small"}


PROMISED = "output: {n: int 0..10, note?: string, rows?: [{id: string, at?: datetime}]}\n"
KEPT = [
    {"n": 3},
    {"n": 0, "note": None},
    {"n": 10, "note": "x", "rows": []},
    {"n": 3, "rows": [{"id": "a", "at": None}, {"id": "b"}]},
]
BROKEN = [
    ({"n": "3"}, "`output`: `n` must be a whole number"),
    ({"n": 11}, "`output`: `n` "),
    ({"n": None}, "`output`: `n` must be a whole number"),
    ({}, "`output`: `n` "),
    ({"n": 3, "note": 5}, "`output`: `note` must be text"),
    ({"n": 3, "rows": [{"id": "a"}, {"id": 7}]}, "`output`: `rows"),
    (7, "`output`: the answer must be an object"),
    (None, "`output`: the answer must be an object"),
]


def _answered(verb: str, value: Any, status: str = "") -> Finished:
    body = f"- {verb}: ${{{{ inputs.x }}}}\n{status}"
    return Driver().run(steps(body, head="name: Test\non: {manual: true}\n" + PROMISED), caller({"x": value}))


@pytest.mark.parametrize("verb", ["return", "respond"])
@pytest.mark.parametrize("value", KEPT)
def test_an_answer_that_output_promises_is_given_as_it_is(verb: str, value: Any) -> None:
    finished = _answered(verb, value)
    assert finished.status == "succeeded"
    assert verb == "respond" or finished.output == value


@pytest.mark.parametrize("verb", ["return", "respond"])
@pytest.mark.parametrize(("value", "message"), BROKEN)
def test_an_answer_that_breaks_the_promise_of_output_fails_the_run(verb: str, value: Any, message: str) -> None:
    finished = _answered(verb, value)
    failure = present(finished.failure)
    assert (failure.kind, failure.status, finished.path) == ("invalid_output", 500, "0")
    assert failure.message.startswith(message)


def test_the_body_of_an_error_is_not_promised() -> None:
    finished = _answered("return", {"why": "sold out"}, "  status: 409\n")
    assert (finished.status, finished.http_status, finished.output) == ("succeeded", 409, {"why": "sold out"})


@pytest.mark.parametrize(("once", "before"), [("", (1,)), ("once: ${{ inputs.x.n }}\n", (1, 2))])
@pytest.mark.parametrize("verb", ["return", "respond"])
def test_a_run_of_a_version_stored_before_the_promise_counted_answers_as_it_did(
    verb: str, once: str, before: tuple[int, ...]
) -> None:
    head = f"name: Test\non: {{manual: true}}\n{once}{PROMISED}"
    workflow = steps(f"- {verb}: ${{{{ inputs.x }}}}\n", head=head)
    assert workflow.language == 3
    assert Driver().run(workflow, caller({"x": {"n": "3"}})).status == "failed"
    for language in before:
        old = load_model({**workflow.to_model(), "language": language}, "test")
        finished = Driver().run(old, caller({"x": {"n": "3"}}))
        assert (finished.status, old.keeps_output) == ("succeeded", False)
        assert verb == "respond" or finished.output == {"n": "3"}
        again = load_model(old.to_model(), "test")
        assert (again.language, again.version) == (language, old.version)
        assert old.version != workflow.version


def test_a_version_stored_by_a_language_that_its_file_never_had_is_refused() -> None:
    workflow = steps("- return: 1\n", head="name: Test\non: {manual: true}\n")
    with pytest.raises(BrokenModel, match="language 3"):
        load_model({**workflow.to_model(), "language": 3}, "test")
