"""Every route of version 1."""

from __future__ import annotations

from fastapi import APIRouter

from examples.todo.app.api.v1.endpoints import admin_routes, profile_routes, task_routes

__all__ = ["router"]

router = APIRouter(prefix="/api/v1")
router.include_router(task_routes.router)
router.include_router(profile_routes.router)
router.include_router(admin_routes.router)
