"""A shop at which people arrive in the same moment."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
from tests.support.http_server import NO_TLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.accounts.account_site import AccountSite
    from tests.support.http_server import RunningServer

PASSWORD = "violet-ladder-917"
STAFF = {"boss": "admin", "second": "admin", "editor": "editor", "other": "editor"}
CLERKS = ("clerk", "colleague")
RACE_PROJECT = {
    "payloom.yaml": "name: Test Shop\nhttp_allow: []\nalerts: {email: alerts@shop.test}\naccounts:\n"
    + "".join(
        f"  - {{email: {name}@shop.test, password: {PASSWORD}, studio: {role}}}\n" for name, role in STAFF.items()
    )
    + "".join(f"  - {{email: {name}@shop.test, password: {PASSWORD}, roles: [clerk]}}\n" for name in CLERKS),
    "tables.yaml": """
tables:
  users: {columns: {id: uuid primary, email: string unique, name?: string}}
  coupons:
    columns: {code: string primary, uses_left: int}
  redemptions:
    columns: {id: uuid primary, code: string, by: string}
  seats:
    columns: {id: uuid primary, seat: string unique, by: string}
  notes:
    columns: {id: uuid primary, text: string}
""",
    "workflows/redeem.yaml": """
name: Redeem
on: {api: POST /redeem, auth: none}
input: {code: string, by: string}
steps:
  - id: coupon
    select: coupons
    where: {code: "${{ inputs.code }}"}
    one: required
  - ensure: coupon.uses_left > 0
    status: 409
    code: used_up
    message: This coupon is used up.
  - update: coupons
    where: {code: "${{ coupon.code }}"}
    set: {uses_left: "${{ coupon.uses_left - 1 }}"}
  - insert: redemptions
    values: {code: "${{ coupon.code }}", by: "${{ inputs.by }}"}
  - return: {ok: true}
""",
    "workflows/book.yaml": """
name: Book
on: {api: POST /book, auth: none}
input: {seat: string, by: string}
steps:
  - insert: seats
    values: {seat: "${{ inputs.seat }}", by: "${{ inputs.by }}"}
  - return: {ok: true}
""",
    "workflows/once.yaml": """
name: Once
on: {api: POST /once, auth: none, dedupe: "${{ inputs.key }}"}
input: {key: string, by: string}
steps:
  - insert: notes
    values: {text: "${{ inputs.key }}"}
  - return: {by: "${{ inputs.by }}"}
""",
    "workflows/keyed.yaml": """
name: Keyed
on: {api: POST /keyed, auth: none}
input: {text: string}
steps:
  - insert: notes
    values: {text: "${{ inputs.text }}"}
  - return: {run: "${{ run.id }}"}
""",
    "workflows/limited.yaml": """
name: Limited
on: {api: POST /limited, auth: none, rate_limit: 5/h}
input: {text: string}
steps:
  - insert: notes
    values: {text: "${{ inputs.text }}"}
  - return: {}
""",
    "workflows/ask.yaml": """
name: Ask
on: {api: POST /ask, auth: none}
input: {text: string}
steps:
  - respond: {asked: true}
    status: 202
  - id: answer
    approve: May it be?
    roles: [clerk]
    notify:
      - email: ask
        to: clerk@shop.test
        data: {link: "${{ approval.url }}"}
    then:
      - insert: notes
        values: {text: "yes ${{ inputs.text }}"}
    else:
      - insert: notes
        values: {text: "no ${{ inputs.text }}"}
""",
    "emails/ask.mjml.j2": """---
subject: A question
---
<mjml><mj-body><mj-section><mj-column><mj-text>{{ link }}</mj-text></mj-column></mj-section></mj-body></mjml>
""",
    "workflows/clerks.yaml": """
name: Clerks
on: {api: POST /clerks, auth: [clerk]}
input: {text: string}
steps:
  - insert: notes
    values: {text: "${{ inputs.text }}"}
  - return: {}
""",
    "workflows/fails.yaml": """
name: Fails
on: {api: POST /fails, auth: none}
input: {text: string}
steps:
  - id: coupon
    select: coupons
    where: {code: "${{ inputs.text }}"}
    one: required
  - insert: notes
    values: {text: "${{ inputs.text }}"}
  - raise: {status: 500, code: broken, message: It broke.}
""",
    "workflows/hello.yaml": "name: Hello\non: {api: POST /hello, auth: none}\nsteps:\n  - return: {text: one}\n",
    "workflows/marked.yaml": """
name: Marked
on: {stripe: customer, actions: [created]}
once: ${{ object.id }}
steps:
  - insert: notes
    values: {text: "${{ object.id }}"}
""",
}


@dataclasses.dataclass
class BusyShop:
    """Servers of one database, and the people before them."""

    site: AccountSite
    servers: Sequence[RunningServer]
    _browsers: list[httpx.Client] = dataclasses.field(default_factory=list)
    _people: dict[tuple[str, int], httpx.Client] = dataclasses.field(default_factory=dict)

    @property
    def server(self) -> RunningServer:
        """The first one."""
        return self.servers[0]

    def browser(self, at: int = 0, **headers: str) -> httpx.Client:
        """A browser at one of the servers, that nobody signed in."""
        url = self.servers[at % len(self.servers)].url
        own = {"origin": url, "sec-fetch-site": "same-origin", **headers}
        client = httpx.Client(base_url=url, headers=own, verify=NO_TLS, timeout=30)
        self._browsers.append(client)
        return client

    def close(self) -> None:
        """Close every browser."""
        for browser in self._browsers:
            browser.close()

    def signed_in(self, name: str, at: int = 0) -> httpx.Client:
        """A browser of a person, at one of the servers."""
        key = (name, at % len(self.servers))
        if key not in self._people:
            browser = self._people[key] = self.browser(at)
            answer = browser.post("/api/auth/sign-in", json={"email": f"{name}@shop.test", "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        return self._people[key]

    def notes(self, text: str) -> int:
        """How often something was written down."""
        return len(self.server.rows("notes", text=text))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls in the same moment, and return what they return."""
    barrier = threading.Barrier(len(calls))

    def go(call: Callable[[], Any]) -> Any:
        barrier.wait(20)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(go, call) for call in calls]]
