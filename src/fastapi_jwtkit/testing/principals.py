"""A principal without a token, for tests of policies and for overrides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.scopes import check_scopes

__all__ = ["LoginDetails", "principal"]


class LoginDetails(TypedDict, total=False):
    """What else a test may say of a principal; everything has a default.

    Attributes:
        session_id: the session behind the token; default: none.
        client_id: the client the token was issued to; default: none.
        auth_time: when the person authenticated, seconds since the epoch; default: unknown.
        amr: how they authenticated (RFC 8176).
    """

    session_id: str | None
    client_id: str | None
    auth_time: int | None
    amr: tuple[str, ...]


def principal(
    subject: str,
    *,
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    permissions: Iterable[str] = (),
    **login: Unpack[LoginDetails],
) -> Principal:
    """Return a principal as a guard would, without a token: for the truth table of a policy.

    Also for ``app.dependency_overrides[current_principal] = lambda: principal("ann")``. Where
    a route is tested, ``acting_as`` asks more of it: its token passes the real verification.

    Args:
        subject: who it is.
        scopes: what the token may do; a list or a set, never one string.
        roles: what the user is.
        permissions: what the user may.
        **login: session, client, time and manner of the login.

    Raises:
        ConfigurationError: one string where several names belong, or a scope that RFC 6749
            3.3 forbids.
    """
    return Principal(
        subject=subject,
        scopes=frozenset(check_scopes(names("scopes", scopes))),
        roles=names("roles", roles),
        permissions=names("permissions", permissions),
        **login,
    )


def names(what: str, given: Iterable[str]) -> frozenset[str]:
    """Return names as a set.

    Raises:
        ConfigurationError: it is one string, whose letters would be taken for names.
    """
    if isinstance(given, str):
        raise ConfigurationError(
            f"{what}={given!r} is one string.",
            why="A string is a collection of characters; none of them is what you mean.",
            fix=f'{what}=("{given}",)',
            docs="how-to/test-your-app/",
        )
    return frozenset(given)
