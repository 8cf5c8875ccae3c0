"""CSRF tokens: bound to a session, and good for as long as their secret is."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from fastapi_jwtkit.errors import CsrfError
from fastapi_jwtkit.keys.secret_ring import RingSecret, SecretRing
from fastapi_jwtkit.keys.state import KeyState
from kits import House


async def reason_of(house: House, token: str | None, sid: str | None) -> str:
    """Return why a token is refused; empty if it is not."""
    try:
        await house.kit.for_cookies.csrf_tokens.check(token, sid)
    except CsrfError as error:
        return error.reason
    return ""


async def test_a_token_is_of_one_session() -> None:
    """The same each time, another for each session."""
    house = House()
    sids = [(await house.log_in(transport="cookie")).session.sid for _ in range(2)]
    tokens = [house.kit.for_cookies.csrf_tokens.token_of(sid) for sid in sids]
    assert tokens[0] != tokens[1]
    assert tokens[0] == house.kit.for_cookies.csrf_tokens.token_of(sids[0])
    assert await reason_of(house, tokens[0], sids[0]) == ""
    assert await reason_of(house, tokens[0], sids[1]) == "csrf_token_of_another_session"
    assert await reason_of(house, tokens[0], None) == "csrf_token_unknown"
    assert await reason_of(house, None, sids[0]) == "csrf_token_missing"


@pytest.mark.parametrize(
    "change", [str.upper, lambda t: t + "A", lambda t: t[:-1], lambda t: t + "="]
)
async def test_a_token_has_one_spelling(change: Any) -> None:
    """What is not that is malformed or wrong, never close enough."""
    house = House()
    sid = (await house.log_in(transport="cookie")).session.sid
    token = house.kit.for_cookies.csrf_tokens.token_of(sid)
    assert await reason_of(house, change(token), sid) == "csrf_token_malformed"
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert await reason_of(house, flipped, sid) == "csrf_token_of_another_session"


async def test_a_token_outlives_a_rotation_of_the_secrets_and_no_revocation() -> None:
    """A page that is open keeps its token while its secret is retired."""
    house = House()
    sid = (await house.log_in(transport="cookie")).session.sid
    token = house.kit.for_cookies.csrf_tokens.token_of(sid)
    ring = house.kit.rings.secrets
    (old,) = ring.entries
    (new,) = SecretRing.generate(now=house.clock.now()).entries

    def state(of: RingSecret, to: KeyState) -> RingSecret:
        return RingSecret(of.key_id, to, house.clock.now(), of.secret)

    ring.adopt(SecretRing([new, state(old, KeyState.RETIRED)]))
    assert await reason_of(house, token, sid) == ""
    assert house.kit.for_cookies.csrf_tokens.token_of(sid) != token
    ring.adopt(SecretRing([new, state(old, KeyState.REVOKED)]))
    assert await reason_of(house, token, sid) == "csrf_token_unknown"


@pytest.mark.std(57)
async def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right one and a wrong one."""
    house = House()
    sid = (await house.log_in(transport="cookie")).session.sid
    token = house.kit.for_cookies.csrf_tokens.token_of(sid)
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return real(a, b)

    monkeypatch.setattr("fastapi_jwtkit.sessions.csrf_tokens.hmac.compare_digest", compare)
    await reason_of(house, token, sid)
    await reason_of(house, token, "another")
    assert [b for _, b in compared] == [token.encode()] * 2
