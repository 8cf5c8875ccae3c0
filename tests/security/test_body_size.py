"""A body costs no more than its limit, whatever it says of its length."""

from __future__ import annotations

from typing import Any

import pytest

from fastapi_jwtkit.web.routes import MAX_BODY_BYTES
from web_kits import Realm, make_client


@pytest.mark.attack(16)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/token", "/auth/refresh"])
def test_a_body_that_is_too_large_is_a_413_in_the_one_schema(path: str) -> None:
    """Announced, not announced, or announced falsely; RFC 6749's members where it is spoken."""
    client = make_client(Realm())
    media = "application/x-www-form-urlencoded" if path == "/auth/token" else "application/json"
    headers = {"content-type": media}
    read = 0

    def chunks() -> Any:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"a" * 1024

    large = b"a" * (MAX_BODY_BYTES + 1)
    for answer in (
        client.post(path, content=large, headers=headers),
        client.post(path, content=chunks(), headers=headers),
        client.post(path, content=b"{}", headers={**headers, "content-length": "9" * 5_000}),
        client.post(path, content=large, headers={**headers, "content-length": "2"}),
    ):
        assert answer.status_code == 413
        body = answer.json()
        assert body["error_code"] == "content_too_large"
        assert ("error" in body) is (path in {"/auth/token", "/auth/refresh"})
        assert answer.headers["cache-control"] == "no-store"
        assert b"aaaa" not in answer.content
    fits = b"a" * MAX_BODY_BYTES
    assert client.post(path, content=fits, headers=headers).status_code in {400, 422}
