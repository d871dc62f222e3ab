"""Who can ask the server for what, and what they must show: one door for each group of routes.

`python -m payloom.api.http.doors` prints the table of the page about the security model. A test holds that every route
of the server stands behind exactly one of them, and that the page has the table.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Door:
    """A group of routes. paths: what they begin with; a path that ends in `/` stands for all below it."""

    name: str
    paths: tuple[str, ...]
    who: str
    proof: str
    limits: str

    def holds(self, path: str) -> bool:
        """Whether a route's path is behind this door."""
        return any(path == own or (own.endswith("/") and f"{path}/".startswith(own)) for own in self.paths)


DOORS: tuple[Door, ...] = (
    Door(
        "webhook",
        ("/api/stripe/webhook",),
        "Stripe",
        "a signature over the raw body with the webhook secret, five minutes old at most, of the environment's mode",
        "512 KB; a second delivery changes nothing",
    ),
    Door(
        "accounts",
        (
            "/api/auth/",
            "/sign-in/",
            "/sign-up",
            "/sign-out",
            "/password",
            "/forgot",
            "/reset",
            "/verify",
            "/verification",
            "/sessions",
            "/second-factor",
            "/prove",
        ),
        "anybody",
        "an address and a password, the second factor if there is one, a mailed link, or a session; forms repeat a token of the session; other sites are refused",
        "by address, and by account and address",
    ),
    Door(
        "decision links",
        ("/approve/{token}",),
        "who received the link",
        "a link signed with a random key in the database, for one step of one run, until a time",
        "one answer",
    ),
    Door(
        "management API",
        ("/api/_payloom/",),
        "staff, programs",
        "the session of a verified account with a role in the studio and a second factor, or the admin token; each call asks for a role, dangerous ones for a fresh proof",
        "wrong tokens and sign-ins by address; 4 MB",
    ),
    Door(
        "endpoints",
        ("/api/",),
        "as each workflow's `auth` says",
        "`none`: nothing; `user`: a session; `[role]`: a verified account with the role; other sites only with `cors`",
        "`rate_limit`, or 120 a minute for a guest's address; 64 KB for guests, 1 MB for users",
    ),
    Door(
        "pages",
        ("/pages/",),
        "as each page's `auth` says",
        "as for endpoints",
        "read only",
    ),
    Door(
        "files",
        ("/assets/", "/_payloom/"),
        "anybody",
        "nothing; they hold no secret",
        "files in the folder only, no symbolic links",
    ),
    Door(
        "studio",
        ("/studio/",),
        "anybody",
        "nothing; it is a program for the browser, and asks the management API for everything",
        "files of the build only",
    ),
    Door("probes", ("/healthz", "/readyz"), "anybody", "nothing; they say whether the server answers", "no data"),
    Door(
        "metrics",
        ("/metrics",),
        "the monitoring",
        "the metrics token; in dev without one the admin token",
        "numbers, no contents",
    ),
)


def door_of(path: str) -> Door:
    """Return the first door that a route's path is behind. Raises `LookupError`: then a door is missing here."""
    for door in DOORS:
        if door.holds(path):
            return door
    raise LookupError(path)


def doors_table() -> str:
    """Return the table in Markdown."""
    lines = ["| door | paths | who | what they must show | limits |", "| --- | --- | --- | --- | --- |"]
    for door in DOORS:
        listed = ", ".join(f"`{path}`" for path in door.paths)
        paths = "the paths that the pages declare" if door.name == "pages" else listed
        lines.append(f"| {door.name} | {paths} | {door.who} | {door.proof} | {door.limits} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(doors_table(), end="")  # noqa: T201 - it is a program
