"""Every alert there is, declared once.

The settings, their JSON Schema, `payloom explain`, the messages, the studio, and the runbooks below
`docs/reference/alerts` are made from this table. `payloom.alerts.measures` has a measure for each name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from payloom.kit.durations import parse_duration

Unit = Literal["count", "seconds", "percent"]
OFF = "off"


@dataclasses.dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert.

    default: the threshold as payloom.yaml writes it. below: it fires under the threshold, else at it and above.
    by_machine: each machine has a state of its own. holds: seconds that the condition must hold before the alert fires.
    fires: when, in a sentence. why: the usual causes. look: commands that show more. do: steps, in order.
    """

    title: str
    unit: Unit
    default: str
    fires: str
    why: str
    look: tuple[str, ...]
    do: tuple[str, ...]
    below: bool = False
    by_machine: bool = False
    holds: float = 0


ALERT_RULES: Mapping[str, AlertRule] = {
    "failed_runs": AlertRule(
        "Failed runs",
        "count",
        "1",
        fires="Runs failed in the last 24 hours, and nobody has retried them.",
        why="A step failed for good: Stripe refused a call, another system was away for longer than all attempts, a row was not as expected, or a workflow has a fault.",
        look=("payloom runs list --status failed", "payloom runs show RUN", "payloom explain KIND"),
        do=(
            "Open the newest failed run, and read the failure of its last step.",
            "If the cause was temporary, retry the run: `payloom runs retry RUN`. It continues at the failed step with the same idempotency key.",
            "If the workflow has a fault, fix and publish it, and rerun the run in the studio.",
            "If one cause failed many runs, select them all in the studio and retry them together.",
        ),
    ),
    "oldest_waiting": AlertRule(
        "Oldest waiting run",
        "seconds",
        "5m",
        fires="A run that could be advanced has waited for this long.",
        why="No worker runs, all workers are busy with slow steps, or the database is slow.",
        look=("payloom runs list --status queued", "payloom doctor"),
        do=(
            "Check that a process of `payloom serve` or `payloom worker` runs and that its log shows no errors.",
            "Look at the running runs: a step that hangs holds a worker until its `timeout`.",
            "On Postgres, start another `payloom worker`. On SQLite one process does all the work: move to Postgres if this returns.",
        ),
    ),
    "workers": AlertRule(
        "Workers",
        "count",
        "1",
        below=True,
        holds=60,
        fires="Fewer processes than this advance runs, for a minute.",
        why="All workers stopped or crashed, or servers were started with `--no-work` and no worker beside them.",
        look=("payloom doctor",),
        do=(
            "Start a worker: `payloom worker`, or `payloom serve` without `--no-work`.",
            "Read the end of the stopped process's log for the reason.",
            "Nothing is lost: webhooks are stored, and the runs start as soon as a worker is there.",
        ),
    ),
    "in_doubt": AlertRule(
        "Steps in doubt",
        "count",
        "1",
        fires="Failed steps might have had their effect outside: `outcome_unknown`.",
        why="A call was sent and no response came back, and Payloom found nothing that shows whether it happened.",
        look=("payloom runs list --status failed", "payloom runs show RUN", "payloom explain outcome_unknown"),
        do=(
            "Open the run, and take the idempotency key and the arguments of the step in doubt.",
            "Look in Stripe's dashboard, or in the other system, whether the effect happened.",
            "If it did not happen, retry the run. A payment is not made twice under a key that Stripe still knows.",
            "If it happened, rerun the run from the step after it, or do the remaining steps by hand and cancel the run.",
        ),
    ),
    "webhook_silence": AlertRule(
        "Webhook silence",
        "seconds",
        "3d",
        fires="No webhook has arrived from Stripe for this long, and earlier ones had.",
        why="Stripe disabled the endpoint, its address or the proxy in front changed, or there was no business.",
        look=("payloom events list", "payloom events catch-up"),
        do=(
            "Open the endpoint at Stripe, and check that it is enabled and that its address is right.",
            "Send a test event from there, and watch `payloom events list`.",
            "Run `payloom events catch-up` to fetch what was missed.",
            "If the silence is normal for the project, set `alerts.rules.webhook_silence` to a longer duration, or to `off`.",
        ),
    ),
    "rejections": AlertRule(
        "Rejected webhook requests",
        "count",
        "10",
        fires="This many webhook requests failed verification within an hour.",
        why="The webhook secret is not the endpoint's, its rotation was not finished, a proxy changes the body, the clock is wrong, or a stranger sends requests.",
        look=("payloom doctor", "payloom events list"),
        do=(
            "Read the reason under **Rejected requests** on the studio's page **Events**.",
            "If it is `wrong_signature`, compare `STRIPE_WEBHOOK_SECRET` with the endpoint's secret at Stripe. While you rotate, set both, separated by a comma.",
            "If it is about the timestamp, correct the machine's clock.",
            "After the fix, run `payloom events catch-up`. If strangers send the requests, nothing is wrong: raise the threshold.",
        ),
    ),
    "catch_up_drift": AlertRule(
        "Events that never arrived",
        "count",
        "1",
        fires="In the last 24 hours, the backfill fetched events from Stripe that no webhook had brought within 15 minutes.",
        why="The server was down, or Stripe could not reach it. The endpoint might not select these event types.",
        look=("payloom events list", "payloom doctor"),
        do=(
            "Nothing is lost: the events are stored, and their workflows started late.",
            "Check at Stripe that the endpoint is enabled and that it selects these types of events.",
            "Check whether the server was restarted or unreachable at that time.",
        ),
    ),
    "catch_up_late": AlertRule(
        "Late backfill",
        "seconds",
        "1h",
        fires="The last successful comparison with Stripe's list of events was this long ago.",
        why="Stripe can't be reached, the key was rolled or lacks the permission to read events, or no worker runs.",
        look=("payloom events catch-up", "payloom doctor"),
        do=(
            "Run `payloom events catch-up`, and read its error.",
            "If Stripe refuses the key, set the new key, or add the permission to read events.",
            "If Stripe has an incident, wait: Payloom tries again every 15 minutes, and Stripe lists events for 30 days.",
        ),
    ),
    "set_aside": AlertRule(
        "Events set aside",
        "count",
        "1",
        fires="In the last 24 hours, verified events arrived that no workflow asked for, and Payloom set them aside.",
        why="Events of connected accounts that no trigger names, events of the other mode at a Connect endpoint, thin events, or unknown types.",
        look=("payloom events list --state set_aside", "payloom events show EVENT"),
        do=(
            "Read the reason on the event's page.",
            "If a workflow is to handle the event, add `account:` or its type to a trigger, publish, and replay the event.",
            "If nobody needs these events, take them out of the endpoint at Stripe, or set `alerts.rules.set_aside: off`.",
        ),
    ),
    "undelivered_mails": AlertRule(
        "Undelivered emails",
        "count",
        "1",
        fires="In the last 24 hours, emails failed or their delivery is unknown, or some have waited for 10 minutes.",
        why="The mail server refused the address or the sender, is away, or its password changed.",
        look=("payloom mails",),
        do=(
            "Open the email in the studio, and read the mail server's answer.",
            "If the mail server refuses all emails, check `email.url` and `email.from`.",
            "Resend an email from its page. Payloom repeats none by itself that might have arrived.",
        ),
    ),
    "disk": AlertRule(
        "Free disk space",
        "percent",
        "10",
        below=True,
        by_machine=True,
        fires="Less than this share of the disk with the project's `data` folder is free.",
        why="The database, the logs, or something else on the machine grew.",
        look=("payloom doctor",),
        do=(
            "Find what fills the disk, and free space. Without space, SQLite refuses writes and webhooks get 503.",
            "If it is the database, lower `keep_runs`. Payloom deletes old rows every hour, and the file does not shrink.",
            "Stripe delivers again for three days, so nothing is lost if there is space before that.",
        ),
    ),
}


def parse_threshold(name: str, value: str | int | bool) -> float | None:
    """Return a threshold as a number (durations in seconds), None for `off`. Raises ValueError with what to write."""
    rule = ALERT_RULES[name]
    if value is False or value == OFF:
        return None
    text = str(value).strip()
    if rule.unit == "seconds":
        try:
            seconds = parse_duration(text).total_seconds()
        except ValueError:
            seconds = 0
        if not seconds:
            raise ValueError(f"write a duration such as {rule.default}, or off")
        return seconds
    digits = text.removesuffix("%").rstrip() if rule.unit == "percent" else text
    most = 99 if rule.unit == "percent" else 1_000_000_000
    if value is True or not (digits.isascii() and digits.isdecimal() and 1 <= int(digits) <= most):
        raise ValueError(f"write a whole number from 1 to {most}, or off")
    return float(digits)


def default_thresholds() -> dict[str, float]:
    """Return the thresholds of a project that sets none."""
    defaults = {name: parse_threshold(name, rule.default) for name, rule in ALERT_RULES.items()}
    return {name: threshold for name, threshold in defaults.items() if threshold is not None}


def with_unit(rule: AlertRule, value: float) -> str:
    """Return a value for people: `3`, `8 %`, `1h 5m`."""
    if rule.unit == "percent":
        return f"{value:.0f} %"
    if rule.unit == "count":
        return f"{value:.0f}"
    seconds = int(value)
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
