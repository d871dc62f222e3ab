"""The editor's endpoints: workflow files as documents, checking, editing, completing and trying them."""

from __future__ import annotations

from fastapi import APIRouter

from payloom.api.management.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    del parts
    return APIRouter(tags=["editor"])
