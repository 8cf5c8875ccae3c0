"""From a user and a session to the access token of this moment."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection, Mapping
from typing import cast

from fastapi_jwtkit.errors import ConfigurationError, InvalidScopeError, UnavailableError
from fastapi_jwtkit.protocols import ClaimsFor, User
from fastapi_jwtkit.records import Session, TokenPair
from fastapi_jwtkit.tokens.issuer import AccessGrant, IssuedToken, TokenIssuer

__all__ = ["AccessTokens", "granted_scopes", "pair_of"]

logger = logging.getLogger("fastapi_jwtkit")


class AccessTokens:
    """Builds access tokens from what the user holds now.

    Args:
        issuer: signs them.
        claims_for: adds claims of the application's own.
    """

    def __init__(self, issuer: TokenIssuer, *, claims_for: ClaimsFor | None = None) -> None:
        self._issuer = issuer
        self._claims_for = claims_for

    async def issue(
        self,
        user: User,
        session: Session,
        *,
        epoch: int,
        requested: frozenset[str] | None,
        issued_at: float,
    ) -> IssuedToken:
        """Sign an access token for the session.

        Args:
            user: read after ``epoch``, so that no role change in between is missed.
            session: the row it hangs on.
            epoch: claims version of the row.
            requested: scopes asked for; ``None``: all that the login was granted.
            issued_at: ``iat``, taken before the row was read (seconds).

        Raises:
            InvalidScopeError: more was asked for than was granted.
            UnavailableError: ``claims_for`` failed.
        """
        extra = dict(await self._extra_claims(user))
        grant = AccessGrant(
            subject=user.id,
            client_id=session.client_id,
            scopes=granted_scopes(user, session.scope, requested),
            roles=_names("roles", user.roles),
            permissions=_names("permissions", user.permissions),
            session_id=session.sid,
            epoch=epoch,
            auth_time=session.auth_time,
            amr=session.amr,
            audience=session.audience,
            not_after=session.absolute_expiry,
            extra=extra,
        )
        return self._issuer.issue_access(grant, issued_at=issued_at)

    async def _extra_claims(self, user: User) -> dict[str, object]:
        if self._claims_for is None:
            return {}
        try:
            hook = cast("Callable[[User], object]", self._claims_for)  # as it may really be
            answer = hook(user)
            claims: object = await answer if inspect.isawaitable(answer) else None
        except (ConfigurationError, UnavailableError):
            raise
        except Exception as error:
            logger.exception("claims_for failed: the token is not issued")
            raise UnavailableError("claims_for_failed") from error
        if not isinstance(claims, Mapping):
            raise ConfigurationError(
                "claims_for is not an async function that returns a mapping.",
                why="It is awaited, and what it returns becomes claims of the access token.",
                fix='async def claims_for(user): return {"tenant": user.tenant}',
                docs="how-to/custom-claims/",
            )
        return dict(cast("Mapping[str, object]", claims))


def granted_scopes(
    user: User, granted: frozenset[str] | None, requested: frozenset[str] | None
) -> frozenset[str]:
    """Return what an access token may carry: the request, within the grant, held now.

    Raises:
        InvalidScopeError: the request is wider than the grant (RFC 6749 6). A scope the
            user lost meanwhile is left out without an error.
    """
    held = _names("scopes", user.scopes)
    limit = held if granted is None else granted
    if requested is not None and not requested <= limit:
        raise InvalidScopeError("scope_wider_than_granted")
    return (limit if requested is None else requested) & held


def pair_of(session: Session, access: IssuedToken, refresh_token: str) -> TokenPair:
    """Return what a client is given for a session."""
    return TokenPair(
        access_token=access.text,
        refresh_token=refresh_token,
        expires_in=access.expires_in,
        scope=access.scopes,
        session=session,
    )


def _names(what: str, names: Collection[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise ConfigurationError(
            f"User.{what} is one string.",
            why="A string is a collection of characters; none of them is what you mean.",
            fix=f"Return a set or a list: {what} = frozenset({{…}}).",
            docs="how-to/bring-your-own-users/",
        )
    return frozenset(names)
