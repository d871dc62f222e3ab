"""Does `email` steps (`OutsideHost`): fill in the template, send; the mark `sent` goes with the step's own record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from payloom.connectors.port import Attempt, Recording, StepFailed
from payloom.email.errors import BadMail, DeliveryUnknown, EmailError
from payloom.email.message import Mail, attachments, message_id, recipients
from payloom.email.outbox import Outbox
from payloom.email.templates import Templates
from payloom.kit.clock import Clock, processor_time
from payloom.kit.ids import new_id
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.program.commands import Do, StepFailure

_QUICK = 0.003
"""Seconds of the processor. A template that needs more would hold up everything else in the process."""
_LOOK_AGAIN = 50
"""Mails of a quick template after which one is timed again: reading the clock is a call of the system."""
_ARGUMENTS = ("to", "data", "from", "reply_to", "attachments")
Link = Callable[[Mapping[str, Any], str], Awaitable[str]]
"""Returns the signed address for what a link opens and the address it is sent to."""


async def _example_link(claims: Mapping[str, Any], _recipient: str) -> str:
    return f"https://example.com/approve/{claims['run_id']}"


class EmailHost:
    """Sends a project's mails."""

    def __init__(
        self, templates: Templates, outbox: Outbox, clock: Clock, *, sender: str, link: Link | None = None
    ) -> None:
        """`sender`: the address mails come from unless the step says otherwise. `link`: signs links to decisions."""
        self._link: Link = link or _example_link
        self._templates = templates
        self._outbox = outbox
        self._clock = clock
        self._sender = sender
        self._quick: dict[str, int] = {}
        """The templates whose latest timed mail was composed in less than `_QUICK`, and the mails since then."""

    async def perform(self, do: Do, attempt: Attempt) -> Recording:
        """Send one mail under `do.key`; what records it gives `{id, to, subject, status, repeated}`.

        Failure kinds: `email_template`, `unknown_template`, `bad_mail` (422), `mail_refused` (502), `mail_delayed`
        (retryable), `mail_unknown` (in doubt; a retry repeats the mail once, marked).
        """
        try:
            links = await self._signed_links(do)
            mail = await self._composed(do, attempt, links)
            record = await self._outbox.transmit(mail, in_doubt=attempt.in_doubt)
        except EmailError as error:
            doubt = {"in_doubt": True} if isinstance(error, DeliveryUnknown) else {}
            failure = StepFailure(
                kind=error.code,
                message=error.message,
                status=error.status,
                hint=error.hint,
                where=error.where,
                data={**error.data, **doubt},
                retryable=error.retryable,
            )
            raise StepFailed(failure) from error
        return Recording(lambda tx: _value(record(tx)))

    async def _composed(self, do: Do, attempt: Attempt, links: Mapping[str, str]) -> Mail:
        """Compose in a thread, unless it is known to take less than going there and back does."""
        since = self._quick.get(do.action)
        if since is not None and not do.args.get("attachments"):
            if since >= _LOOK_AGAIN:
                return self._compose_timed(do, attempt, links)
            self._quick[do.action] = since + 1
            return self._compose(do, attempt, links)
        return await asyncio.to_thread(self._compose_timed, do, attempt, links)

    def _compose_timed(self, do: Do, attempt: Attempt, links: Mapping[str, str]) -> Mail:
        began = processor_time()
        mail = self._compose(do, attempt, links)
        if processor_time() - began < _QUICK:
            self._quick[do.action] = 0
        else:
            self._quick.pop(do.action, None)
        return mail

    async def _signed_links(self, do: Do) -> Mapping[str, str]:
        """Return the link for each mark that the data may hold."""
        links: Mapping[str, Mapping[str, Any]] = do.args.get("links") or {}
        if not links:
            return {}
        to = ", ".join(recipients(do.args.get("to")))
        return {mark: await self._link(claims, to) for mark, claims in links.items()}

    def _compose(self, do: Do, attempt: Attempt, links: Mapping[str, str]) -> Mail:
        for name in do.args:
            if name not in (*_ARGUMENTS, "links"):
                hint = did_you_mean(name, _ARGUMENTS) or f"known are {', '.join(_ARGUMENTS)}"
                raise BadMail(f"email takes no {name!r}", hint=hint)
        data: object = do.args.get("data") or {}
        if not is_map(data):
            raise BadMail("data is a map of the names the template uses")
        to = recipients(do.args.get("to"))
        sender = recipients(do.args.get("from") or self._sender)[0]
        reply_to = do.args.get("reply_to")
        rendered = self._templates.render(do.action, _with_links(data, links))
        return Mail(
            id=new_id("mail"),
            key=do.key,
            run_id=attempt.run_id,
            template=do.action,
            message_id=message_id(do.key, sender),
            sender=sender,
            recipients=to,
            reply_to=recipients(reply_to)[0] if reply_to is not None else None,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            attachments=attachments(do.args.get("attachments")),
            created_at=self._clock.now(),
        )


def _value(mail: Mail) -> Mapping[str, Any]:
    return {
        "id": mail.id,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "status": mail.status,
        "repeated": mail.repeated,
    }


def _with_links(value: Any, links: Mapping[str, str]) -> Any:
    """Replace marks with signed links."""
    if not links:
        return value
    if isinstance(value, str):
        for mark, link in links.items():
            value = value.replace(mark, link)
        return value
    if is_map(value):
        return {key: _with_links(item, links) for key, item in value.items()}
    return [_with_links(item, links) for item in value] if is_list(value) else value
