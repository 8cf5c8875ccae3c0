"""``/health`` and ``/health/ready``: open to everybody, and they say nothing of anybody."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel

from fastapi_jwtkit import JWTKit, public

__all__ = ["router"]

router = APIRouter(
    tags=["health"], dependencies=[Depends(public(reason="asked by load balancers"))]
)


class ReadinessBody(BaseModel):
    """Whether this worker can answer for tokens now."""

    ready: bool
    reason: str
    """Why it is not; empty if it is."""
    revocation_age: float | None
    """Seconds since this worker last heard what was revoked."""


@router.get("/health", operation_id="health", summary="Is it up?")
async def health() -> dict[str, str]:
    """Answer, without asking the database: for a liveness probe."""
    return {"status": "ok"}


@router.get(
    "/health/ready",
    operation_id="ready",
    summary="Can it answer for tokens?",
    responses={503: {"model": ReadinessBody, "description": "Send it no requests now"}},
)
async def ready(request: Request, response: Response) -> ReadinessBody:
    """Ask the stores: for a readiness probe. To restart the worker would not mend them."""
    kit: JWTKit = request.app.state.kit
    readiness = await kit.readiness()
    if not readiness.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return ReadinessBody(
        ready=readiness.ready,
        reason=readiness.reason,
        revocation_age=readiness.revocation_age,
    )
