"""A small shop, and what an editor does there through the management API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from tests.support.http_server import RunningServer

TABLES = """
tables:
  users:
    columns:
      id: uuid primary
      email: string unique
      name?: string
      plan: string = free
  orders:
    columns:
      id: string primary
      user_id?: uuid -> users.id
      status: pending | paid = pending
      amount: int = 0
    seed:
      - {id: o1}
      - {id: o2}
      - {id: o3}
"""

MARK_PAID = """\
name: Mark paid   # on every payment
description: Marks the order of a payment as paid.
on:
  stripe: payment_intent
  actions: [succeeded]

steps:
  # the order of this payment
  - id: order
    update: orders
    where: {id: "${{ object.metadata.order_id }}", status: pending}
    set:
      status: paid
      amount: ${{ object.amount }}   # minor units
    rows: 0..1
  - filter: order != null
  - log: Order ${{ order.id }} is paid
"""

HELLO = """\
name: Hello
description: Says hello.
on: {api: POST /hello, auth: none}
input: {who: string}
steps:
  - return: {text: "Hello ${{ inputs.who }}"}
"""

FILES = {
    "tables.yaml": TABLES,
    "workflows/mark-paid.yaml": MARK_PAID,
    "workflows/hello.yaml": HELLO,
    "payloom.yaml": """
name: Shop
accounts:
  - {email: vera@shop.test, password: correct-horse, studio: viewer}
  - {email: eddy@shop.test, password: correct-horse, studio: editor}
""",
}


class EditorClient:
    """An editor at the management API of a running server."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.root = server.settings.root

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """Send one request as admin."""
        return self.server.http.request(
            method, f"/api/_payloom{path}", json=body, params=query, headers=self.server.admin
        )

    def get(self, path: str, **query: Any) -> Any:
        """GET what must be there."""
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """POST what must be accepted."""
        answer = self.ask("POST", path, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, dict[str, Any]]:
        """Send what must be refused; the status and the error."""
        answer = self.ask(method, path, body, **query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]

    def source(self, workflow: str) -> dict[str, Any]:
        """A file with its etag."""
        return self.get(f"/workflows/{workflow}/source")

    def save(self, workflow: str, text: str, etag: str | None = None) -> Any:
        """Save a file, from the state it is in, unless the test gives another one."""
        body = {"text": text, "etag": etag or self.source(workflow)["etag"]}
        answer = self.ask("PUT", f"/workflows/{workflow}/source", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def file(self, workflow: str) -> Path:
        """Where the file is."""
        return self.root / "workflows" / f"{workflow}.yaml"

    def put_back(self) -> None:
        """Make the project's files what they were at first."""
        folder = self.root / "workflows"
        for path in [*folder.rglob("*"), *self.root.glob("*.yaml")]:
            if (path.is_file() or path.is_symlink()) and path.relative_to(self.root).as_posix() not in FILES:
                path.unlink()
        for name, text in FILES.items():
            (self.root / name).write_text(text, "utf-8", newline="")
        self.post("/workflows/hello/publish", {})
