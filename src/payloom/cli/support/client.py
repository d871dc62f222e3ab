"""How commands reach a project: through its running server, or in this process when none runs."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from payloom.cli.support.errors import CommandError, NothingFound, ServerUnreachable
from payloom.kit.json_types import is_dict
from payloom.settings.load import load_settings
from payloom.settings.local import LocalState
from payloom.settings.model import Settings

if TYPE_CHECKING:
    from payloom.project.loader import Project

T = TypeVar("T")
PREFIX = "/api/_payloom"


class Refused(CommandError):
    """The server rejected the request."""

    code = "refused"
    exit_code = 1


class ManagementClient:
    """The management API of one project."""

    def __init__(self, http: Any, *, in_process: bool) -> None:
        self._http = http
        self.in_process = in_process

    async def get(self, path: str, **query: Any) -> Any:
        """GET; parameters that are None are left out."""
        return await self._send("GET", path, params={key: value for key, value in query.items() if value is not None})

    async def get_text(self, path: str, **query: Any) -> str:
        """GET a file of text; parameters that are None are left out."""
        params = {key: value for key, value in query.items() if value is not None}
        answer = await self._ask("GET", path, params=params)
        if "content-disposition" not in answer.headers:
            raise _another_program(answer)
        return answer.text

    async def post(self, path: str, body: dict[str, Any] | None = None, *, within: float | None = None) -> Any:
        """POST JSON. within: seconds to wait for the answer, if it can take long."""
        return await self._send("POST", path, json=body or {}, **({} if within is None else {"timeout": within}))

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON, if there is any, with any method."""
        return await self._send(method, path, **({} if body is None else {"json": dict(body)}))

    async def _send(self, method: str, path: str, **options: Any) -> Any:
        answer = await self._ask(method, path, **options)
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not is_dict(body):
            raise _another_program(answer)
        return body

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        import httpx

        try:
            answer = await self._http.request(method, PREFIX + path, **options)
        except httpx.HTTPError as error:
            raise ServerUnreachable(f"the server does not answer: {error}", hint="Is it still running?") from None
        if answer.is_success:
            return answer
        body = _error_of(answer)
        kind = {404: NothingFound, 503: ServerUnreachable}.get(answer.status_code, Refused)
        raise kind(body.get("message") or f"the server answered {answer.status_code}", hint=body.get("hint"))


def _another_program(answer: Any) -> ServerUnreachable:
    hint = "Another program might have its port. `payloom doctor` looks at the ports."
    return ServerUnreachable(f"what answers at {answer.url.host} is not this project's server", hint=hint)


def _error_of(answer: Any) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    error = body.get("error") if is_dict(body) else None
    return error if is_dict(error) else {}


def with_client(root: Path, work: Callable[[ManagementClient], Coroutine[Any, Any, T]]) -> T:
    """Do `work` with the project's management API."""
    return asyncio.run(_with_client(root, work))


def with_engine(
    root: Path, work: Callable[[ManagementClient], Coroutine[Any, Any, T]], *, about: str | None = None
) -> T:
    """Do `work`, which begins runs, with the project's management API; runs advance here if no server runs.

    about: the address of what it is about. If that does not exist, nothing begins: not what the project does when it
    starts, either.
    """
    return asyncio.run(_with_client(root, work, about=about, engine=True))


async def _with_client(
    root: Path,
    work: Callable[[ManagementClient], Coroutine[Any, Any, T]],
    *,
    about: str | None = None,
    engine: bool = False,
) -> T:
    settings = load_settings(root)
    url = running_server(settings)
    if url is not None:
        async with _served(settings, url) as client:
            return await work(client)
    from payloom.project.loader import load_project

    project = load_project(settings.root, settings)
    if about is not None:
        async with _in_process(project, settings, engine=False) as client:
            await client.get(about)
    async with _in_process(project, settings, engine=engine) as client:
        return await work(client)


@contextlib.asynccontextmanager
async def _served(settings: Settings, url: str) -> AsyncGenerator[ManagementClient, None]:
    import httpx

    async with httpx.AsyncClient(base_url=url, headers=_headers(settings), timeout=60, trust_env=False) as http:
        yield ManagementClient(http, in_process=False)


@contextlib.asynccontextmanager
async def _in_process(project: Project, settings: Settings, *, engine: bool) -> AsyncGenerator[ManagementClient, None]:
    import httpx

    from payloom.app.asgi import create_app

    headers = _headers(settings)
    app = create_app(project, settings, work=engine)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
            yield ManagementClient(http, in_process=True)


def _headers(settings: Settings) -> dict[str, str]:
    """Return who asks. Raises CommandError without an admin token."""
    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    if token is None:
        raise CommandError(
            "PAYLOOM_ADMIN_TOKEN is not set, so the command can't authenticate", hint="Set it here and for the server."
        )
    return {"authorization": f"Bearer {token}", "host": "127.0.0.1", "payloom-operator": _operator()}


def _operator() -> str:
    """Return who uses the command line, for the audit trail, in letters that a header can hold."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "somebody"
    return re.sub(r"[^A-Za-z0-9._@-]", "_", name)[:40]


def running_server(settings: Settings) -> str | None:
    """Return the address of this project's server on this machine, if one answers."""
    url = (LocalState(settings.data_dir).server() or {}).get("url")
    if not isinstance(url, str):
        return None
    import httpx

    try:
        return url if httpx.get(f"{url}/healthz", timeout=2, trust_env=False).is_success else None
    except httpx.HTTPError:
        return None
