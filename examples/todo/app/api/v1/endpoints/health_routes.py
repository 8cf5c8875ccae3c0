"""``/health``: open to everybody, and says nothing but that the process answers."""

from __future__ import annotations

from fastapi import APIRouter

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="health", summary="Is it up?")
async def health() -> dict[str, str]:
    """Answer, without asking the database: for a liveness probe."""
    return {"status": "ok"}
