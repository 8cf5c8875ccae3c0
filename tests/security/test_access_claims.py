"""What a token tells whoever has it: ids and rights, and nothing about the person."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from kits import House, credentials

LOGIN = "ann.example"
EMAIL = "ann@example.com"


def payload_of(token: str) -> dict[str, Any]:
    """Read a token as anybody can who has it, without a key."""
    segment = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * 3))
    return claims


@pytest.mark.std("89a")
async def test_an_access_token_tells_nothing_about_the_person() -> None:
    """NIST SP 800-63B-4 5.1.1: a JWT in a cookie is text for whoever has the cookie."""
    house = House()
    await house.kit.register(credentials(LOGIN), email=EMAIL)
    pair = await house.kit.login(credentials(LOGIN))
    told = json.dumps(payload_of(pair.access_token))
    assert LOGIN not in told
    assert EMAIL not in told
    names = {"email", "name", "username", "preferred_username", "given_name", "phone_number"}
    assert not names & payload_of(pair.access_token).keys()
    opaque = base64.urlsafe_b64decode(pair.refresh_token.partition(".")[0][4:] + "=" * 3)
    assert not any(text.encode() in opaque for text in (LOGIN, EMAIL))
