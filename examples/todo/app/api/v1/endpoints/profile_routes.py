"""``/profile``: the caller's own."""

from __future__ import annotations

from fastapi import APIRouter

from examples.todo.app.api.v1.deps.auth import Caller
from examples.todo.app.api.v1.deps.db import Profiles
from examples.todo.app.api.v1.errors import describe
from examples.todo.app.schemas.profile import ProfileChanges, ProfileOut

__all__ = ["router"]

router = APIRouter(prefix="/profile", tags=["profile"], responses=describe(503))


@router.get("", operation_id="read_profile", summary="Read your profile")
async def read_profile(principal: Caller, profiles: Profiles) -> ProfileOut:
    """Return your profile."""
    return ProfileOut.model_validate(await profiles.find(principal))


@router.patch("", operation_id="change_profile", summary="Change your profile")
async def change_profile(
    principal: Caller, profiles: Profiles, changes: ProfileChanges
) -> ProfileOut:
    """Change the fields that you send and leave the others."""
    return ProfileOut.model_validate(await profiles.change(principal, changes))
