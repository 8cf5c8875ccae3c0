"""Whose address a session is said to come from: the socket's peer, not what a header says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from web_kits import PASSWORD, Realm, bearer

PEER = "203.0.113.9"
CLAIMED = "198.51.100.7"
FORWARDED = {
    "X-Forwarded-For": f"{CLAIMED}, 10.0.0.1",
    "Forwarded": f"for={CLAIMED}",
    "X-Real-IP": CLAIMED,
    "X-Client-IP": CLAIMED,
    "True-Client-IP": CLAIMED,
    "CF-Connecting-IP": CLAIMED,
}


def make_app(**settings: Any) -> FastAPI:
    """Return an app with a realm that takes registrations."""
    app = FastAPI()
    Realm(**settings).auth.install(app)
    return app


async def address_of_a_login(app: object, peer: str, headers: Any) -> str:
    """Register, log in and return the address that the list of sessions shows."""
    transport = httpx.ASGITransport(app, client=(peer, 50_000))  # type: ignore[arg-type]  # uvicorn's own type of an app
    person = {"username": "ann", "password": PASSWORD}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/auth/register", json=person)
        tokens = (await client.post("/auth/login", json=person, headers=headers)).json()
        listed = await client.get("/auth/sessions", headers=bearer(tokens["access_token"]))
    (session,) = listed.json()
    address: str = session["ip"]
    return address


@pytest.mark.attack(14)
@pytest.mark.parametrize("header", FORWARDED)
async def test_no_header_says_where_a_login_comes_from(header: str) -> None:
    """Anybody can send one."""
    headers = {header: FORWARDED[header]}
    assert await address_of_a_login(make_app(), PEER, headers) == PEER


@pytest.mark.attack(14)
async def test_a_refresh_does_not_move_a_session_to_a_claimed_address() -> None:
    """The row keeps what the login saw."""
    realm = Realm()
    app = FastAPI()
    realm.auth.install(app)
    transport = httpx.ASGITransport(app, client=(PEER, 50_000))
    person = {"username": "ann", "password": PASSWORD}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/auth/register", json=person)
        first = (await client.post("/auth/login", json=person)).json()
        body = {"refresh_token": first["refresh_token"]}
        pair = (await client.post("/auth/refresh", json=body, headers=FORWARDED)).json()
        headers = bearer(pair["access_token"])
        (session,) = (await client.get("/auth/sessions", headers=headers)).json()
    assert session["ip"] == PEER


@pytest.mark.attack(14)
@pytest.mark.parametrize(
    ("peer", "address"), [(PEER, PEER), ("127.0.0.1", CLAIMED)], ids=["a stranger", "the proxy"]
)
async def test_a_server_that_knows_its_proxy_is_believed(peer: str, address: str) -> None:
    """Uvicorn replaces the peer where the peer is a trusted proxy: 127.0.0.1 by default.

    So a process on the same machine may claim any address; nobody else may.
    """
    headers = {"X-Forwarded-For": CLAIMED}
    app = ProxyHeadersMiddleware(make_app(), trusted_hosts="127.0.0.1")  # type: ignore[arg-type]  # uvicorn's own type of an app
    assert await address_of_a_login(app, peer, headers) == address


@pytest.mark.attack(14)
@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ([], "10.0.0.1"),
        ([("X-Forwarded-For", CLAIMED)], CLAIMED),
        ([("X-Forwarded-For", f"1.2.3.4, {CLAIMED}, 10.0.0.2")], CLAIMED),
        # Several lines are one list, in their order (RFC 9110 5.3).
        ([("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", CLAIMED)], CLAIMED),
        ([("X-Forwarded-For", CLAIMED), ("X-Forwarded-For", "10.0.0.2")], CLAIMED),
        ([("X-Forwarded-For", "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        ([("X-Forwarded-For", f"{CLAIMED}, <script>")], "10.0.0.1"),
        ([("X-Forwarded-For", "[2001:db8::1]:4711")], "2001:db8::1"),
        (
            [(name, value) for name, value in FORWARDED.items() if name != "X-Forwarded-For"],
            "10.0.0.1",
        ),
    ],
)
async def test_a_proxy_that_was_named_is_believed_from_the_right(
    headers: list[tuple[str, str]], address: str
) -> None:
    """What the client wrote itself stands further left, and other headers are not read."""
    app = make_app(trusted_proxies="10.0.0.0/8")
    assert await address_of_a_login(app, "10.0.0.1", headers) == address


@pytest.mark.attack(14)
@pytest.mark.parametrize("sent", [CLAIMED, f"1.2.3.4, {CLAIMED}"])
async def test_the_server_and_the_kit_may_both_know_the_proxy(sent: str) -> None:
    """What uvicorn found is no proxy of ours, so nothing is walked twice."""
    app = ProxyHeadersMiddleware(
        make_app(trusted_proxies="127.0.0.1"),  # type: ignore[arg-type]  # uvicorn's own type of an app
        trusted_hosts="127.0.0.1",
    )
    assert await address_of_a_login(app, "127.0.0.1", {"X-Forwarded-For": sent}) == CLAIMED


async def test_a_server_that_knows_its_proxy_is_no_reason_to_warn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What it believed is settled; what it left alone may be a proxy that was not named."""
    for peer, is_told in (("127.0.0.1", False), ("10.0.0.1", True)):
        app = ProxyHeadersMiddleware(make_app(), trusted_hosts="127.0.0.1")  # type: ignore[arg-type]  # uvicorn's own type of an app
        await address_of_a_login(app, peer, {"X-Forwarded-For": CLAIMED})
        assert ("names no proxy" in caplog.text) is is_told


@pytest.mark.attack(13, 14)
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_made_up_address_buys_no_guesses(*, trusted: bool) -> None:
    """A header for each guess: ignored from a stranger, and behind a proxy on its left."""
    settings = {"trusted_proxies": "10.0.0.1"} if trusted else {}
    app = make_app(throttle_guesses="5/5minutes", **settings)
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 50_000))
    person = {"username": "ann", "password": "not the password"}
    told: list[int] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for n in range(6):
            headers = {"X-Forwarded-For": f"192.0.2.{n}" + (f", {CLAIMED}" if trusted else "")}
            told.append(
                (await client.post("/auth/login", json=person, headers=headers)).status_code
            )
        other = {"X-Forwarded-For": "198.51.100.8"}
        told.append((await client.post("/auth/login", json=person, headers=other)).status_code)
    assert told == [401] * 5 + [429, 401 if trusted else 429]
