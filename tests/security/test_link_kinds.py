"""Every kind of token at every door: it opens its own and no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from account_pages import NEW_PASSWORD, Pages, opened
from fastapi_jwtkit.mail import MailKind
from mailed import EMAIL, token_of
from web_kits import PASSWORD

KINDS = ("access", "refresh", "reset", "verify", "change")
DOORS = ("me", "refresh", "logout", "reset", "verify", "confirm")
OPENS = {
    "access": {"me"},
    "refresh": {"refresh", "logout"},
    "reset": {"reset"},
    "verify": {"verify"},
    "change": {"confirm"},
}


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an application in which ann has an account."""
    async with opened(Pages(email_verification="ask")) as pages:
        assert (await pages.register()).status_code == 202
        yield pages


async def token_of_kind(pages: Pages, kind: str) -> str:
    """Return a good token."""
    verify = await pages.post.token(pages.kit, MailKind.VERIFY_EMAIL)
    if kind == "verify":
        return verify
    if kind == "reset":
        return await pages.forgot()
    answer = await pages.send("/login", {"username": "ann", "password": PASSWORD})
    tokens: dict[str, str] = answer.json()
    if kind == "change":
        await pages.send(
            "/email/change",
            {"email": "new@example.com", "password": PASSWORD},
            token=tokens["access_token"],
        )
        return token_of(await pages.post.only(pages.kit, MailKind.CHANGE_EMAIL))
    return tokens[f"{kind}_token"]


async def knock(pages: Pages, door: str, token: str) -> int:
    """Present a token at a door and return the status."""
    body: Any = {"token": token}
    match door:
        case "me":
            answer = await pages.send("/me", token=token, method="GET")
        case "refresh" | "logout":
            answer = await pages.send(f"/{door}", {"refresh_token": token})
        case "reset":
            answer = await pages.send("/password/reset", body | {"password": NEW_PASSWORD})
        case "verify":
            answer = await pages.send("/email/verify", body)
        case _:
            answer = await pages.send("/email/change/confirm", body)
    assert token not in answer.text or door == "refresh"
    return answer.status_code


@pytest.mark.std(47, 98)
@pytest.mark.attack(7)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_opens_its_own_door_and_no_other(pages: Pages, kind: str, door: str) -> None:
    """RFC 8725 3.12, ASVS 9.2.2."""
    status = await knock(pages, door, await token_of_kind(pages, kind))
    if door in OPENS[kind]:
        assert status in {200, 204}
        return
    # A refresh token has a length of its own, and is refused as a body before it is read.
    assert status in {400, 401} or (door in {"refresh", "logout"} and status == 422)
    user = await pages.users.find_by_login("ann")
    assert user is not None
    assert (user.email, user.email_verified) == (EMAIL, False)
    assert await pages.log_in()


@pytest.mark.std(58, 98)
@pytest.mark.attack(15)
@pytest.mark.parametrize("door", ["/password/reset", "/email/verify", "/email/change/confirm"])
async def test_every_bad_link_reads_alike(pages: Pages, door: str) -> None:
    """Forged, expired, used, of a user who is gone, of another kind, or no token at all."""
    access = await token_of_kind(pages, "access")
    reset = await pages.forgot()
    header, payload, signature = reset.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    bodies = set()
    for token in (
        access,
        f"{header}.{payload}.{flipped}",
        f"{header}..{signature}",
        "x",
        "\x00",
        "a" * 4096,
        "jkr_" + "A" * 115,
        "é.é.é",
    ):
        answer = await pages.send(door, {"token": token, "password": NEW_PASSWORD})
        bodies.add((answer.status_code, answer.content))
    assert bodies == {
        (
            400,
            (
                b'{"detail":"The link is invalid, expired or used. Ask for another.",'
                b'"error_code":"invalid_link"}'
            ),
        )
    }


@pytest.mark.std(98)
async def test_a_link_of_another_realm_on_the_same_keys_is_refused() -> None:
    """As are all tokens of it."""
    async with opened(Pages()) as first:
        keys: Any = {
            "keys": first.house.settings.keys,
            "refresh_secrets": first.house.settings.refresh_secrets,
            "issuer": first.house.settings.issuer,
            "realm": "another",
        }
        async with opened(Pages(parts={"users": first.users}, **keys)) as second:
            await first.register()
            token = await first.forgot()
            assert (await second.reset(token)).status_code == 400
            assert (await first.reset(token)).status_code == 204
