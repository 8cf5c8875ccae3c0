"""``public(reason=…)``: the mark of a route that strangers may call."""

from __future__ import annotations

from fastapi_jwtkit.errors import ConfigurationError

__all__ = ["Public", "public"]


class Public:
    """A dependency that does nothing and says why a route needs no guard.

    Gate, OpenAPI and the route audit look for it; see ``fastapi_jwtkit.web.access``.

    Attributes:
        reason: for whoever reads the audit.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"public({self.reason!r})"

    async def __call__(self) -> None:
        """Let everybody in. No thread is used, as for a ``def``."""


def public(*, reason: str) -> Public:
    """Return a mark for a route, a router or an ``include_router`` that strangers may call.

    ``dependencies=[Depends(public(reason="asked by the load balancer"))]``. It counts only
    there, not inside another dependency; and a guard anywhere on the route wins over it.

    Args:
        reason: why nobody has to log in for it, for the audit of the app.

    Raises:
        ConfigurationError: no reason was given.
    """
    if not reason.strip():
        raise ConfigurationError(
            "public() was given no reason.",
            why="Whoever reads the audit has to know why a route is open to strangers.",
            fix='Depends(public(reason="asked by the load balancer")).',
            docs="how-to/guard-every-route/",
        )
    return Public(reason.strip())
