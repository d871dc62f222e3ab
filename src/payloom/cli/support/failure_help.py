"""What the failure kinds of steps mean, by kind. `payloom explain` prints this beside the error codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class FailureHelp(NamedTuple):
    """What happened, why it happens, and what to do."""

    what: str
    why: str
    do: str


FAILURES: Mapping[str, FailureHelp] = {
    "approval_timeout": FailureHelp("No user decided on the approval in time.", "The step's `timeout` passed before a user with the role answered.", "Use a longer `timeout`, or handle it with `try` and `catch: approval_timeout`."),
    "bad_result": FailureHelp("A Python function returned a value that a run can't store.", "Runs store maps, lists, strings, numbers, booleans, null and timestamps with a time zone.", "Return such a value. Convert dates without a time zone, decimals and objects first."),
    "call_too_deep": FailureHelp("Workflows call each other too deeply.", "Each `call` inside a called workflow adds a level, and the number of levels is limited.", "Look for a workflow that calls itself. Pass a list and use `for_each` instead."),
    "call_waits_for_itself": FailureHelp("A `call` waits for a run that waits for the caller.", "Two runs share a `once` key or a queue, and each waits for the other.", "Use another key for the inner call, or start it without waiting."),
    "canceled": FailureHelp("The run was canceled.", "A user or a program canceled it. Completed steps are not undone.", "Rerun it if it was canceled by mistake."),
    "card_declined": FailureHelp("The bank declined the card.", "`error.data.decline_code` has the bank's reason, if the bank gives one.", "Ask the customer for another payment method."),
    "database_refused": FailureHelp("The database rejected the statement of a table step.", "A limit of the database was reached, or a stored value does not have the column's type.", "Read the server's log for the database's message, and correct the row or the table."),
    "http_bad_answer": FailureHelp("An `http` step received a response that it can't read.", "The body is not valid JSON, is not text, or is too large.", "Call the address by hand and compare the response with the step's `expect`."),
    "http_bad_request": FailureHelp("An `http` step's request can't be sent.", "The address, a header or the body is not valid, or the host is not listed in `http_allow`.", "Correct the value that the message names, or add the host to `http_allow`."),
    "http_broken": FailureHelp("The connection broke during an `http` step.", "The request was sent, but no complete response arrived. The call might have happened.", "Add `retry` if the other system recognizes the step's idempotency key."),
    "http_not_given": FailureHelp("A test gives no response to an `http` step.", "Tests and dry runs do not call other systems.", "Give the response under `given.http` of the case."),
    "http_redirect": FailureHelp("An `http` step received a redirect.", "Payloom does not follow redirects, because they can lead to another host.", "Use the address that the redirect names."),
    "http_status": FailureHelp("An `http` step received a status that is not a success.", "`error.data.status` has the status, and `error.data.body` the start of the response.", "Correct the request, or handle the status with `try` and `catch: http_status`."),
    "idempotency_error": FailureHelp("Stripe received two different requests with the same idempotency key.", "The step's parameters changed between two attempts.", "Rerun the run, so that the step gets a new key."),
    "idempotency_key_in_use": FailureHelp("Stripe is still processing a request with the same idempotency key.", "An earlier attempt of the step has not ended.", "Nothing. Payloom retries the step."),
    "invalid_filter": FailureHelp("A condition of `where` compares with a map.", "A value that was filled in is a map, or a list of maps. Operators such as `ne` stand in the file; a caller's value never becomes one.", "Give the input a type, such as `string`. Write the operator in the file, with the value inside."),
    "invalid_output": FailureHelp("An answer is not what the workflow's `output` promises.", "An expression of `return` or `respond` gives another type at run time, such as a value of `metadata`, which is always text.", "Correct the expression (`int(…)`, `?? 0`), or what `output` says. Then retry the run; it continues at the answer."),
    "invalid_parameters": FailureHelp("A Stripe step has an unknown parameter, or a value of the wrong type.", "The parameters are compared with Stripe's API version before anything is sent.", "`payloom actions NAME` lists the action's parameters."),
    "mirror_not_ready": FailureHelp("The local copy of a Stripe resource is incomplete.", "The first listing has not ended.", "Nothing. Payloom retries the step."),
    "no_case": FailureHelp("No case of a `switch` fits the value.", "The value is not among the cases, and there is no `else`.", "Add the case, or an `else`."),
    "no_recipient": FailureHelp("An email step has no recipient.", "The expression in `to` is null or empty.", "Check the value, for example with `filter` before the step."),
    "not_implemented": FailureHelp("The local Stripe does not support this operation.", "It covers a part of Stripe's API.", "Use a Stripe sandbox for this step, or give its result in the test."),
    "not_simulated": FailureHelp("A test gives no response to this call of Stripe.", "Tests and dry runs do not call Stripe, and make up responses of common operations only.", "Give the response under `given.stripe` of the case."),
    "outcome_unknown": FailureHelp("Payloom cannot determine whether the step took effect.", "An attempt was sent but not confirmed, and a retry could do it twice: the idempotency key has expired, or the worker stopped too often during the step.", "Look in Stripe's dashboard, or in the other system. If it did not happen, retry the run: the step is sent anew. If it did, complete the rest by hand."),
    "python_error": FailureHelp("A Python function raised an exception.", "`error.data.exception` has the exception's name; the message has the line in `actions/`.", "Correct the function, or raise `StepError` for failures that you expect."),
    "python_failed": FailureHelp("A Python function failed the step with `StepError`.", "The function gave no `kind` of its own.", "Read the function's message. Give `kind` to compare with `catch`."),
    "rate_limit": FailureHelp("Stripe received too many requests in a short time.", "The account's rate limit was reached.", "Nothing. Payloom retries the step until Stripe takes it, after `Retry-After` if Stripe sends it; such a try does not count. With `retry: false`, the step fails."),
    "rejected": FailureHelp("A user rejected the approval.", "`error.data` names the user and the comment.", "Handle it with `try` and `catch: rejected`."),
    "resource_missing": FailureHelp("Stripe has no object with this id.", "The id belongs to another account or mode, or the object was deleted.", "Check the id, and that the Stripe keys have the mode of the id."),
    "row_changes_too_deep": FailureHelp("Row changes start workflows that change rows, too many times in a row.", "A workflow with a `table` trigger changes the table that starts it, directly or through others.", "Add a condition to the trigger, so that the chain ends."),
    "stripe_authentication": FailureHelp("Stripe rejected the API key.", "The key is wrong, was rolled, or belongs to a deleted account.", "Set `STRIPE_SECRET_KEY` to a valid key and restart."),
    "stripe_error": FailureHelp("Stripe failed while it processed the call.", "Stripe answered with a status of 500 or above. The call might have happened.", "Nothing. Payloom retries the step with the same idempotency key."),
    "stripe_no_answer": FailureHelp("Stripe did not respond in time.", "The request was sent. The call might have happened.", "Nothing. Payloom retries the step with the same idempotency key."),
    "stripe_permission": FailureHelp("The Stripe key does not allow this call.", "A restricted key lacks a permission, or the account can't use the feature.", "Add the permission to the key in Stripe's dashboard."),
    "stripe_unreachable": FailureHelp("Payloom could not connect to Stripe.", "The network, a proxy or the configured address is wrong. Nothing was sent.", "Check the network. Payloom retries the step."),
    "timeout": FailureHelp("The step took longer than its `timeout`.", "The other system is slow, or the function does not return. The step might have taken effect.", "Use a longer `timeout`, or handle it with `try` and `catch: timeout`."),
    "too_deep": FailureHelp("The steps are nested too deeply.", "Blocks inside blocks and calls inside calls count together.", "Move inner steps to a workflow of their own."),
    "too_many_items": FailureHelp("The list of a `for_each` is longer than its `max`, or a list of Stripe's that is read with `all: true` has more than 100,000 objects.", "`max` protects against unexpectedly long lists.", "Raise the `max` of the loop, or narrow the list, or process it in parts."),
    "too_many_rounds": FailureHelp("The condition of a loop still holds after `max` iterations.", "`max` protects against loops that never end.", "Check the condition, or raise `max`."),
    "too_many_steps": FailureHelp("The run has more steps than one run can have.", "Each iteration of a loop counts its steps.", "Process the list in parts with `call`, so that each part is a run."),
    "unknown_action": FailureHelp("Stripe has no operation of this name.", "The name is misspelled, or belongs to another version of Stripe's API.", "`payloom actions WORD` finds operations by a part of their name."),
    "unknown_function": FailureHelp("No Python function has this name.", "The file or the function is missing in `actions/`, or the function lacks `@step`.", "Check the name, and mark the function with `@step`."),
    "unknown_secret": FailureHelp("An `http` step names a secret that is not configured.", "`secrets` in payloom.yaml does not have the name.", "Add it to `secrets` as `{env: NAME}`, and set the variable."),
    "unknown_verb": FailureHelp("No connector performs this verb.", "The workflow was stored by a newer Payloom.", "Upgrade Payloom."),
}  # fmt: skip
"""kind → what it means. Kinds that are also error codes are explained in `error_help`."""
