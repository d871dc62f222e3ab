"""What FastAPI passes to the routes: the collaborators that `create_management` puts on the application."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from payloom.api.management.access.auth import ManagementAuth
from payloom.api.management.dependencies import ManagementDependencies


async def management_dependencies(request: Request) -> ManagementDependencies:
    """Return the collaborators of the application that serves the request."""
    dependencies: ManagementDependencies = request.app.state.dependencies
    return dependencies


async def management_auth(request: Request) -> ManagementAuth:
    """Return the authentication of the application that serves the request."""
    auth: ManagementAuth = request.app.state.auth
    return auth


Dependencies = Annotated[ManagementDependencies, Depends(management_dependencies)]
Auth = Annotated[ManagementAuth, Depends(management_auth)]
