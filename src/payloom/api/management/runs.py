"""Runs: list, look, retry, cancel, fork, decide."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from payloom.api.jsonable import to_plain
from payloom.api.management.parts import Parts
from payloom.runs.rows import Run


class Fork(BaseModel):
    """Where a new run begins: at a step of the old one's history, or from the beginning with other inputs."""

    model_config = ConfigDict(extra="forbid")
    path: str | None = None
    inputs: dict[str, Any] | None = None
    newest: bool = False


class Decision(BaseModel):
    """Yes or no to an approval step."""

    model_config = ConfigDict(extra="forbid")
    path: str
    approved: bool
    note: str | None = None


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/runs", tags=["runs"])
    service = parts.runs

    @routes.get("")
    async def list_runs(  # noqa: PLR0917 - FastAPI fills them in by name
        workflow: str | None = None,
        status: str | None = None,
        event: str | None = None,
        search: str | None = None,
        before: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Any:
        """Newest first. search: any id that has to do with a run. before: the last id of the previous page."""
        if search:
            found = (await service.queries.journey(search))["runs"][-limit:][::-1]
        else:
            found = await service.queries.list(
                status=status, workflow_id=workflow, event_id=event, before=before, limit=limit
            )
        return {"data": [_short(one) for one in found], "next": found[-1]["id"] if len(found) == limit else None}

    @routes.get("/counts")
    async def counts() -> Any:
        """How many runs there are by status."""
        return await service.queries.counts()

    @routes.get("/{run_id}")
    async def show(run_id: str) -> Any:
        """One run with steps, logs, waits and the runs that came of it."""
        found = to_plain(await service.queries.timeline(run_id))
        return {
            **_short(found["run"]),
            **found["run"],
            **{key: found[key] for key in ("steps", "logs", "waits", "children")},
        }

    @routes.post("/{run_id}/retry")
    async def retry(run_id: str) -> Any:
        """Try a failed run's failed step again, under the same key."""
        return _of(await service.retry(run_id))

    @routes.post("/{run_id}/cancel")
    async def cancel(run_id: str) -> Any:
        """End a run."""
        return _of(await service.cancel(run_id))

    @routes.post("/{run_id}/fork")
    async def fork(run_id: str, body: Fork) -> Any:
        """Begin a new run from an old one."""
        return _of(await service.fork(run_id, path=body.path, inputs=body.inputs, newest=body.newest))

    @routes.post("/{run_id}/decide")
    async def decide(run_id: str, body: Decision, request: Request) -> Any:
        """Answer an approval step as an admin."""
        visitor = request.scope["state"].get("visitor")
        roles, by = (visitor.roles, visitor.email) if visitor else (("admin",), "token")
        await service.decide(run_id, body.path, approved=body.approved, by=by, roles=roles, note=body.note)
        return {"decided": True}

    return routes


def _short(run: dict[str, Any]) -> dict[str, Any]:
    return to_plain({**run, "workflow": run["workflow_id"]})


def _of(run: Run) -> dict[str, Any]:
    return {"id": run.id, "workflow": run.workflow_id, "status": run.status}
