"""What guards ask for beside scopes, roles and permissions: a policy, and a recent login."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi_jwtkit.errors import ConfigurationError, ReauthenticationError
from fastapi_jwtkit.policies.composing import NO_RESOURCE, Policy
from fastapi_jwtkit.policies.recency import ensure_positive, is_recent
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.scopes import check_scopes

__all__ = ["LoginDemand", "PolicyDemand", "login_demand", "policy_demand"]


@dataclass(frozen=True, slots=True)
class PolicyDemand:
    """A policy that needs no resource.

    Attributes:
        policy: asked on each request.
    """

    policy: Policy

    def __str__(self) -> str:
        return f"policy: {self.policy}"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes without which the policy allows nothing, for OpenAPI."""
        return self.policy.scopes

    @property
    def written(self) -> str:
        """The guard, as its author wrote it."""
        return f"require_policy({self.policy})"

    def check(self, principal: Principal) -> None:
        """Return if the policy allows.

        Raises:
            InsufficientScopeError: a scope would help.
            ReauthenticationError: a new login would help.
            AccessDeniedError: nothing would.
        """
        # As ``enforce`` does, without asking again whether there is a resource.
        decision = self.policy.answer(principal, NO_RESOURCE)
        if not decision.allowed:
            raise decision.error()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDemand:
    """How the person has to have logged in.

    Attributes:
        max_age: seconds since ``auth_time``; ``None``: however long ago.
        strict: whether the session row is asked, not only the map.
        acr: authentication contexts, one of which will do, named in the challenge.
        amr: methods that together prove such a context, for tokens without ``acr``.
    """

    max_age: float | None
    strict: bool
    acr: tuple[str, ...]
    amr: frozenset[str]

    @property
    def written(self) -> str:
        """The guard, as its author wrote it."""
        parts = [f"max_age={self.max_age:g}"] if self.max_age is not None else []
        parts += ["strict=True"] if self.strict else []
        parts += [f"acr={' '.join(self.acr)}"] if self.acr else []
        parts += [f"amr={' '.join(sorted(self.amr))}"] if self.amr else []
        return f"require_auth({', '.join(parts)})"

    @property
    def asks_how(self) -> bool:
        """Whether it asks how or when somebody logged in, and so may ask for a new login."""
        return self.max_age is not None or bool(self.acr or self.amr)

    def check(self, principal: Principal, now: float) -> None:
        """Return if the login was recent and strong enough.

        Raises:
            ReauthenticationError: it was not (RFC 9470 3).
        """
        is_weak = bool(self.acr or self.amr) and not self._is_strong(principal)
        if is_weak or (
            self.max_age is not None and not is_recent(principal.auth_time, now, self.max_age)
        ):
            reason = "authenticated_too_weakly" if is_weak else "authenticated_too_long_ago"
            raise ReauthenticationError(self.max_age, acr_values=self.acr, reason=reason)

    def _is_strong(self, principal: Principal) -> bool:
        said = principal.claims.get("acr") if principal.claims is not None else None
        if said is not None and self.acr:
            return said in self.acr
        return bool(self.amr) and self.amr <= frozenset(principal.amr)


def policy_demand(policy: object) -> PolicyDemand:
    """Return a demand for what a policy allows.

    Raises:
        ConfigurationError: it is no policy, or one that needs a resource.
    """
    if isinstance(policy, Policy) and not policy.needs_resource:
        return PolicyDemand(policy)
    if isinstance(policy, Policy):
        raise ConfigurationError(
            f"require_policy({policy}) needs a resource, and a guard has none.",
            why="The guard runs before the endpoint has read anything.",
            fix="Guard the route with a scope, and in the endpoint: "
            "policy.enforce(principal, thing).",
            docs="tutorial/5-policies/",
        )
    raise ConfigurationError(
        f"require_policy() was given a {type(policy).__name__}.",
        why="A function that nobody made a policy of might be truthy by accident.",
        fix="Write @policy above it, from fastapi_jwtkit.policies.",
        docs="tutorial/5-policies/",
    )


def login_demand(
    *, max_age: float | None, strict: bool, acr: str | Sequence[str], amr: Sequence[str]
) -> LoginDemand:
    """Return a demand for a login.

    Raises:
        ConfigurationError: nothing is asked for, or something that no login can be.
    """
    if isinstance(amr, str) or not all(amr):
        raise ConfigurationError(
            f"amr={amr!r} names no methods.",
            why="A string is a sequence of characters; none of them is a method.",
            fix='require_auth(amr=("pwd", "otp")), by the names of RFC 8176.',
            docs="how-to/step-up/",
        )
    demand = LoginDemand(
        max_age=None if max_age is None else ensure_positive(max_age),
        strict=strict,
        # They stand in a quoted string of the challenge, as scopes do.
        acr=check_scopes([acr] if isinstance(acr, str) else acr),
        amr=frozenset(amr),
    )
    if not (demand.asks_how or demand.strict):
        raise ConfigurationError(
            "require_auth() asks for nothing.",
            why="It would let everybody in who can log in, which reads like a mistake.",
            fix="require_auth(max_age=300), or CurrentPrincipal for any caller.",
            docs="how-to/step-up/",
        )
    return demand
