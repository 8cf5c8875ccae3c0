"""``assert_token_dead(app, token)``: after a logout, nothing takes the token any more."""

from __future__ import annotations

from fastapi_jwtkit.errors import InvalidGrantError, InvalidTokenError
from fastapi_jwtkit.kit import JWTKit
from fastapi_jwtkit.sessions.refresh_token import PREFIX, read_refresh_token
from fastapi_jwtkit.testing.loops import run
from fastapi_jwtkit.testing.targets import Target, kit_of
from fastapi_jwtkit.tokens.codec import split_compact
from fastapi_jwtkit.tokens.strict_json import parse_object

__all__ = ["assert_token_dead"]


def assert_token_dead(target: Target, token: str, *, realm: str | None = None) -> None:
    """Fail unless an access or refresh token is refused by whatever could take it.

    It is presented for real. A refresh token that lives is spent by that, and one that was
    spent long ago ends its session, as in the hands of a thief: assert it last. It is no
    coroutine, for sync and async tests alike: an ``await`` that somebody forgets would
    assert nothing.

    Args:
        target: an app, its plugin or a kit.
        token: the text of the token, without ``Bearer``.
        realm: which plugin, where an app has several.

    Raises:
        AssertionError: says what accepted it; or it is no token of this kit, and so refused
            for a reason that no test is about.
        NotInstalledError: the app has no plugin.
        ConfigurationError: the settings are not those of development.
        UnavailableError: nobody can say.
    """
    __tracebackhide__ = True  # pytest shows the line of the test, which is what to look at
    kit = kit_of(target, realm=realm)
    if token.startswith(PREFIX):
        accepted = run(_who_rotates(kit, token))
    else:
        _ensure_ours(kit, token)
        accepted = run(_who_verifies(kit, token))
    if accepted:
        raise AssertionError(accepted)


async def _who_verifies(kit: JWTKit, token: str) -> str:
    takers = {
        "kit.verify, as a Bearer token": kit.verify,
        "the verification of cookies": kit.for_cookies.verification.verify,
    }
    for taker, verify in takers.items():
        try:
            claims = await verify(token)
        except InvalidTokenError:
            continue
        left = claims.expires_at - kit.now()
        return (
            f"The access token of {claims.subject!r} lives: it was accepted by {taker}. Its "
            f"session is {claims.session_id}, and it has {left:.0f} seconds left."
        )
    return ""


async def _who_rotates(kit: JWTKit, token: str) -> str:
    try:
        sid = read_refresh_token(token, realm=kit.realm).sid
    except InvalidGrantError as error:
        return _not_ours("refresh", error.reason)
    session = await kit.find_session(sid)
    try:
        # As the client that it was given to would: another one is refused for that alone.
        pair = await kit.rotate(
            token,
            client_id=session.client_id if session else None,
            transport=session.transport if session else "bearer",
        )
    except InvalidGrantError:
        return ""
    return (
        f"The refresh token of {pair.session.subject!r} lives: it was accepted by kit.rotate, by "
        f"the transport {pair.session.transport!r}. Its session is {sid}."
    )


def _ensure_ours(kit: JWTKit, token: str) -> None:
    __tracebackhide__ = True
    try:
        issuer = parse_object(split_compact(token).payload).get("iss")
    except InvalidTokenError as error:
        raise AssertionError(_not_ours("access", error.reason)) from None
    if issuer != kit.settings.issuer:
        raise AssertionError(_not_ours("access", "wrong_issuer"))


def _not_ours(kind: str, reason: str) -> str:
    return (
        f"This is no {kind} token of this kit ({reason}), so it was refused for nothing that a "
        "test could be about. Pass the token alone, without 'Bearer ', to the kit that issued it."
    )
