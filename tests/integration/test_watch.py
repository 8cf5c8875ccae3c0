"""``kit.watch``: a token that is relied on for longer than a request."""

from __future__ import annotations

import asyncio

import pytest

from clocks import MovingClock
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.records import RevocationEntry
from kits import House

AT_MOST = 5.0


async def test_a_watched_token_ends_with_its_session() -> None:
    """At once, and for the reason that a request would be refused for."""
    house = House()
    pair = await house.log_in()
    claims = await house.kit.verify(pair.access_token)
    async with house.kit.watch(claims) as vigil:
        assert vigil.error is None
        await house.kit.close_all(claims.subject)
        async with asyncio.timeout(AT_MOST):
            error = await vigil.ended
    assert isinstance(error, InvalidTokenError)
    assert error.reason == "session_revoked"


async def test_a_watched_token_ends_with_its_key() -> None:
    """What a stolen key signed is cut off as well, sockets and streams included."""
    house = House()
    pair = await house.log_in()
    claims = await house.kit.verify(pair.access_token)
    async with house.kit.watch(claims) as vigil:
        house.kit._assembly.revocations.known.apply([RevocationEntry(kind="kid", value=claims.kid)])
        async with asyncio.timeout(AT_MOST):
            error = await vigil.ended
    assert isinstance(error, InvalidTokenError)
    assert error.reason == "key_revoked"


async def test_a_dead_token_is_not_watched() -> None:
    """Between the verification and the watch nothing slips through."""
    house = House()
    pair = await house.log_in()
    claims = await house.kit.verify(pair.access_token)
    await house.kit.close_all(claims.subject)
    with pytest.raises(InvalidTokenError, match="session_revoked"):
        async with house.kit.watch(claims):
            pytest.fail("a dead token was watched")


async def test_a_watched_token_ends_when_it_expires() -> None:
    """Though nobody asks, and nothing is revoked."""
    clock = MovingClock()
    house = House(clock=clock)  # type: ignore[arg-type]  # its timer is that of the event loop
    pair = await house.log_in()
    claims = await house.kit.verify(pair.access_token)
    clock.step(claims.expires_at - clock.now() - 0.3)
    async with house.kit.watch(claims) as vigil:
        assert vigil.error is None
        async with asyncio.timeout(AT_MOST):
            error = await vigil.ended
    assert isinstance(error, InvalidTokenError)
    assert error.reason == "expired"
