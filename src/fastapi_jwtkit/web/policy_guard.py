"""``require_policy`` and ``require_auth``: more than a good token, in front of a route."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.policies import Policy
from fastapi_jwtkit.web.demands import LoginDemand, PolicyDemand
from fastapi_jwtkit.web.guards import Guard

__all__ = ["login_demand", "require_auth", "require_policy"]


def require_policy(policy: Policy) -> Guard:
    """Return a guard that asks a policy about the caller, without a resource.

    What depends on a resource is asked in the endpoint, which has it:
    ``policy.enforce(principal, task)``. Both are answered with 403.

    Args:
        policy: what has to say yes. One that fails denies.
    """
    return Guard(PolicyDemand(policy))


def require_auth(*, max_age: float, now: Callable[[], float] = SystemClock.now) -> Guard:
    """Return a guard for what asks for a login that was just now: step-up (RFC 9470 3).

    An older login is answered with 401 and ``error="insufficient_user_authentication",
    max_age="…"``, so that a client knows to log the person in again. A refresh does not
    change when that was (RFC 9068 2.2.1). The new login opens a session of its own; close
    the old one, or let cookies replace it.

    Args:
        max_age: seconds that may lie between the login and the request.
        now: what time it is, in seconds since the epoch.

    Raises:
        ConfigurationError: ``max_age`` is below 1, which nobody could meet.
    """
    return Guard(login_demand(max_age, now))


def login_demand(max_age: float, now: Callable[[], float]) -> LoginDemand:
    """Return the demand of ``require_auth``; raises as it does."""
    if max_age < 1:
        raise ConfigurationError(
            f"require_auth(max_age={max_age:g}) is refused.",
            why="Times of logins are whole seconds: nobody could log in late enough.",
            fix="require_auth(max_age=300) asks for a login within five minutes.",
            docs="how-to/step-up/",
        )
    return LoginDemand(max_age, now)
