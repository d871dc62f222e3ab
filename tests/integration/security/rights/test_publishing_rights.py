"""Who publishes: every call that makes a file the one that runs, for every role, outside development.

Drafts are saved by editors. What they saved changes nothing for anybody until somebody who may publishes it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.http_server import NO_TLS, RunningServer, running_server
from tests.support.postgres import fresh_database

from payloom.settings.errors import BadSettings
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

API = "/api/_payloom"
PASSWORD = "violet-ladder-917"
ROLES = {"viewer": "viewer", "support": "support", "editor": "editor", "second": "editor", "boss": "admin"}
HELLO = "name: Hello\non: {api: POST /hello, auth: none}\nsteps:\n  - return: {text: one}\n"
FILES = {
    "payloom.yaml": "name: Test Shop\naccounts:\n"
    + "".join(
        f"  - {{email: {name}@shop.test, password: {PASSWORD}, studio: {role}}}\n" for name, role in ROLES.items()
    ),
    "workflows/hello.yaml": HELLO,
    "workflows/spare.yaml": HELLO.replace("/hello", "/spare"),
}


def draft(text: str) -> str:
    """The file, with another answer."""
    return HELLO.replace("text: one", f"text: {text}")


class Site:
    """A server outside development, and a browser of each person."""

    def __init__(self, server: RunningServer, clients: dict[str, httpx.Client]) -> None:
        self.server = server
        self.clients = clients

    def source(self, name: str = "hello") -> dict[str, Any]:
        """A file and its etag."""
        return self.server.manage(f"/workflows/{name}/source")

    def save(self, person: str, text: str, *, publish: bool | None = None) -> httpx.Response:
        """Save the file."""
        body = {"text": text, "etag": self.source()["etag"], "publish": publish}
        return self.clients[person].put(f"{API}/workflows/hello/source", json=body)

    def publish(self, person: str) -> httpx.Response:
        """Publish."""
        return self.clients[person].post(f"{API}/workflows/hello/publish", json={})

    def serves(self) -> str:
        """What runs."""
        return self.server.http.post("/api/hello", json={}).json()["text"]

    def reset(self) -> None:
        """Let `one` run again, by an admin and another."""
        self.save("second", HELLO)
        assert self.publish("boss").status_code == 200
        assert self.serves() == "one"


def databases(policy: str) -> Any:
    """Run a test with a policy, on both databases."""
    kinds = [(policy, "sqlite"), pytest.param((policy, "postgresql"), marks=pytest.mark.postgres)]
    return pytest.mark.parametrize("site", kinds, indirect=True, ids="-".join, scope="module")


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project, served with a policy, with everybody signed in."""
    policy, kind = request.param
    with contextlib.ExitStack() as stack:
        url = None
        if kind == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        changes = {"environment": "staging", "studio_edit": True, "studio_publish": policy}
        folder = tmp_path_factory.mktemp("shop")
        server = stack.enter_context(running_server(folder, FILES, database_url=url, changes=changes))
        own = {"origin": server.url, "sec-fetch-site": "same-origin"}
        clients = {
            person: stack.enter_context(httpx.Client(base_url=server.url, headers=own, verify=NO_TLS, timeout=20))
            for person in ROLES
        }
        for person, client in clients.items():
            body = {"email": f"{person}@shop.test", "password": PASSWORD}
            assert client.post("/api/auth/sign-in", json=body).status_code == 200
        yield Site(server, clients)


def save_and_publish(site: Site, person: str) -> httpx.Response:
    """Save with `publish: true`."""
    return site.save(person, draft(f"by {person}"), publish=True)


def publish_a_draft(site: Site, person: str) -> httpx.Response:
    """Publish what another editor saved."""
    site.save("second", draft(f"by {person}"))
    return site.publish(person)


def roll_back(site: Site, person: str) -> httpx.Response:
    """Go back to an older version."""
    older = site.source()["published_version"]
    site.save("second", draft("two"))
    assert site.publish("boss").status_code == 200
    return site.clients[person].post(
        f"{API}/workflows/hello/rollback", json={"version": older, "etag": site.source()["etag"]}
    )


@databases("admin")
def test_a_draft_is_discarded_without_a_publish_and_that_is_recorded(site: Site) -> None:
    """An editor goes back to what is published. Nothing else becomes live, and the trail says who discarded what."""
    published = site.source()["published_version"]
    site.save("second", draft("dropped"))
    body = {"version": published, "etag": site.source()["etag"]}
    answer = site.clients["editor"].post(f"{API}/workflows/hello/rollback", json=body)
    assert (answer.status_code, answer.json()["published"]) == (200, False), answer.text
    source = site.source()
    assert (source["changed"], source["published_version"]) == (False, published)
    entry = site.server.manage("/audit", action="workflow.discarded")["data"][0]
    assert (entry["actor"], entry["target"], entry["outcome"]) == ("editor@shop.test", "hello", "done")
    assert site.clients["viewer"].post(f"{API}/workflows/hello/rollback", json=body).status_code == 403


DOORS: dict[Callable[[Site, str], httpx.Response], dict[str, tuple[int, bool]]] = {
    save_and_publish: {"viewer": (403, False), "support": (403, False), "editor": (403, False), "boss": (200, True)},
    publish_a_draft: {"viewer": (403, False), "support": (403, False), "editor": (403, False), "boss": (200, True)},
    roll_back: {"viewer": (403, False), "support": (403, False), "editor": (403, False), "boss": (200, True)},
}
"""The status that each person gets where admins publish, and whether what runs is another then."""


@databases("admin")
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_outside_development_only_an_admin_changes_what_runs(site: Site, door: Any) -> None:
    for person, (status, changes) in DOORS[door].items():
        site.reset()
        before = "two" if door is roll_back else "one"
        answer = door(site, person)
        assert answer.status_code == status, (person, answer.text)
        assert (site.serves() != before) is changes, person


@databases("admin")
def test_what_an_editor_saves_creates_and_deletes_waits_for_an_admin(site: Site) -> None:
    site.reset()
    for person in ("viewer", "support"):
        assert site.save(person, draft("not theirs")).status_code == 403
    saved = site.save("editor", draft("a draft")).json()
    assert (saved["published"], site.serves()) == (False, "one")
    text = HELLO.replace("/hello", "/stolen")
    response = site.clients["editor"].post(f"{API}/workflows", json={"id": "stolen", "text": text})
    assert (response.status_code, response.json()["published"]) == (201, False)
    assert site.server.http.post("/api/stolen", json={}).status_code == 404
    etag = site.source("spare")["etag"]
    deleted = site.clients["editor"].delete(f"{API}/workflows/spare", params={"etag": etag})
    assert (deleted.status_code, deleted.json()["published"]) == (200, False)
    assert site.server.http.post("/api/spare", json={}).status_code == 200
    assert site.publish("boss").status_code == 200
    assert site.serves() == "a draft"
    assert site.server.http.post("/api/stolen", json={}).status_code == 200
    assert site.server.http.post("/api/spare", json={}).status_code == 404


@databases("two_people")
def test_with_two_people_nobody_publishes_what_they_saved_last(site: Site) -> None:
    for person in ("editor", "boss"):
        saved = site.save(person, draft(f"by {person}"), publish=True).json()
        assert (saved["published"], site.serves()) == (False, "one")
        assert "another user must publish it" in saved["publish_error"]
        refused = site.publish(person)
        assert (refused.status_code, refused.json()["error"]["code"], site.serves()) == (403, "not_allowed", "one")
        assert site.publish("viewer").status_code == 403
        assert site.publish("second").status_code == 200
        assert site.serves() == f"by {person}"
        site.save("second", HELLO)
        assert site.publish("editor").status_code == 200


@pytest.mark.parametrize(("environment", "policy"), [("dev", "editor"), ("staging", "admin"), ("production", "admin")])
def test_the_setting_is_admin_unless_it_says_otherwise(tmp_path: Path, environment: str, policy: str) -> None:
    assert settings_of(tmp_path, environment, "").studio_publish == policy
    assert settings_of(tmp_path, environment, "studio: {publish: two_people}\n").studio_publish == "two_people"
    if environment != "dev":
        with pytest.raises(BadSettings, match="editors don't publish on their own"):
            settings_of(tmp_path, environment, "studio: {publish: editor}\n")


def settings_of(folder: Path, environment: str, more: str) -> Any:
    """The settings of a project in an environment."""
    mode = "live" if environment == "production" else "test"
    (folder / "payloom.yaml").write_text(
        f"name: Shop\nenvironment: {environment}\nsite_url: https://shop.example.com\nemail: {{transport: outbox}}\n{more}",
        "utf-8",
    )
    environ = {
        "STRIPE_SECRET_KEY": f"sk_{mode}_51NxQ2LkdIwHu7ix0aBcDeFgHiJkLmNoPqRsTuVwXyZ08417",
        "STRIPE_PUBLISHABLE_KEY": f"pk_{mode}_51NxQ2LkdIwHu7ix0aBcDeFgHiJkLmNoPqRsTuVwXyZ08417",
        "STRIPE_WEBHOOK_SECRET": "whsec_q8Zk2Lr7Vn4Xw9Tb3Yc6Md1Fs5Gh0JpR7uE2",
    }
    return load_settings(folder, environ=environ)


@databases("two_people")
def test_who_saved_a_text_cannot_publish_it_because_a_colleague_was_too_late(site: Site) -> None:
    site.reset()
    stale = site.source()["etag"]
    assert site.save("editor", draft("mine")).status_code == 200
    late = {"text": draft("late"), "etag": stale}
    assert site.clients["second"].put(f"{API}/workflows/hello/source", json=late).status_code == 409
    assert site.publish("editor").status_code == 403
    assert site.serves() == "one"
    assert site.publish("second").status_code == 200
    assert site.serves() == "mine"
