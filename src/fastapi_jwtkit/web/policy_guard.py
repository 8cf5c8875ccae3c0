"""``require_policy``: a policy in front of a route."""

from __future__ import annotations

from fastapi_jwtkit.policies import Policy
from fastapi_jwtkit.web.demands import PolicyDemand
from fastapi_jwtkit.web.guards import Guard

__all__ = ["require_policy"]


def require_policy(policy: Policy) -> Guard:
    """Return a guard that asks a policy about the caller, without a resource.

    What depends on a resource is asked in the endpoint, which has it:
    ``policy.enforce(principal, task)``. Both are answered with 403.

    Args:
        policy: what has to say yes. One that fails denies.
    """
    return Guard(PolicyDemand(policy))
