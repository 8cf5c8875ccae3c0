"""Secrets are compared in constant time: never by ``==``, which stops at the first difference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import InvalidTokenError
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.records import FoundSession
from fastapi_jwtkit.sessions.rotation import Presented, Verdict, classify
from kits import House


class LoudBytes(bytes):
    """Bytes that cannot be compared without being noticed."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared by ==")

    def __ne__(self, other: object) -> bool:
        raise AssertionError("compared by !=")

    __hash__ = bytes.__hash__


@pytest.mark.std(57)
def test_the_mac_of_a_refresh_token_is_compared_in_constant_time() -> None:
    """The right one and a wrong one."""
    ring = SecretRing.generate(now=FakeClock().now())
    mac = ring.mac("refresh", "realm", b"data", key_id=ring.active_id)
    ring.check("refresh", "realm", b"data", LoudBytes(mac), key_id=ring.active_id)
    with pytest.raises(InvalidTokenError):
        ring.check("refresh", "realm", b"data", LoudBytes(mac[::-1]), key_id=ring.active_id)


@pytest.mark.std(57)
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_the_mac_of_an_access_token_is_compared_in_constant_time(alg: str) -> None:
    """The right one and a wrong one."""
    key = SigningKey.generate(alg)
    mac = key.sign(b"data")
    key.check(b"data", LoudBytes(mac))
    with pytest.raises(InvalidTokenError):
        key.check(b"data", LoudBytes(mac[::-1]))


@pytest.mark.std(57)
async def test_the_line_of_a_session_is_compared_in_constant_time() -> None:
    """It is what keeps a stolen MAC secret from forging."""
    house = House()
    session = (await house.log_in()).session
    found = FoundSession(
        session=replace(session, line=LoudBytes(session.line)), now=house.clock.now()
    )
    for line, verdict in ((session.line, Verdict.LIVE), (b"x" * 16, Verdict.DEAD)):
        presented = Presented(
            line=LoudBytes(line),
            counter=session.counter,
            client_id=session.client_id,
            transport=session.transport,
        )
        assert classify(found, presented, grace=30).verdict is verdict
