"""Kits and apps for the tests of the web floor: real parts, cheap password hashes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import JWTAuth, JWTKit, KeyRing, Settings
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.protocols import Clock
from fastapi_jwtkit.records import NewUser, TokenPair
from fastapi_jwtkit.stores.memory.users import MemoryUser, MemoryUserStore

PASSWORD = "a rather long password"
ISSUER = "https://auth.example.com"

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on an event loop of its own, as a test client does per request."""
    return asyncio.run(work)


def make_settings(*, issuer: str = ISSUER, **changes: Any) -> Settings:
    """Return settings with new keys; ``dev`` only because prod refuses cheap hashes."""
    now = SystemClock().now()
    keys: dict[str, Any] = {
        "keys": KeyRing.generate("ES256", now=now).to_text(),
        "refresh_secrets": SecretRing.generate(now=now).to_text(),
    }
    return Settings(**{"env": "dev", "issuer": issuer, **keys, **changes})


class Realm:
    """A kit, its users and a plugin, and the ways to log in that tests need."""

    def __init__(
        self,
        *,
        prefix: str = "/auth",
        clock: Clock | None = None,
        routes: Iterable[str] | None = None,
        transports: Sequence[str] = ("bearer",),
        parts: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.hasher = PasslibHasher.cheap_for_tests()
        self.users = MemoryUserStore()
        given = {"users": self.users, "hasher": self.hasher, **(parts or {})}
        self.kit = JWTKit(make_settings(**settings), clock=clock, **given)
        chosen: dict[str, Any] = {} if routes is None else {"routes": routes}
        self.auth = JWTAuth(self.kit, prefix=prefix, transports=transports, **chosen)

    def add_user(
        self,
        login: str = "ann",
        *,
        scopes: Iterable[str] = (),
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
    ) -> MemoryUser:
        """Store a user whose password is ``PASSWORD``."""

        async def add() -> MemoryUser | None:
            user = await self.users.add(
                NewUser(login=login, password_hash=self.hasher.hash(PASSWORD))
            )
            return await self.users.change(
                user.id, scopes=scopes, roles=roles, permissions=permissions
            )

        user = run(add())
        assert user is not None
        return user

    def open_session(self, user: MemoryUser, **options: Any) -> TokenPair:
        """Return the tokens of a new session."""
        return run(self.kit.open_session(user, amr=("pwd",), **options))

    def headers(self, login: str = "ann", **rights: Iterable[str]) -> dict[str, str]:
        """Return the ``Authorization`` header of a new user with these rights."""
        return bearer(self.open_session(self.add_user(login, **rights)).access_token)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}


def make_client(realm: Realm, app: FastAPI | None = None, **install: Any) -> TestClient:
    """Return a client of an app with the realm installed; its lifespan never runs."""
    app = app or FastAPI()
    realm.auth.install(app, **install)
    return TestClient(app, raise_server_exceptions=False)


def log_in(client: TestClient, login: str = "ann", **extra: Any) -> dict[str, Any]:
    """Log in over HTTP and return the body."""
    body = {"username": login, "password": PASSWORD, **extra}
    answer = client.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def is_alive(client: TestClient, tokens: dict[str, Any]) -> bool:
    """Say whether an access token still opens a door."""
    status = client.get("/auth/me", headers=bearer(tokens["access_token"])).status_code
    assert status in {200, 401}
    return status == 200


def refuse(answer: Any, error: str, status: int = 400) -> None:
    """Assert that the answer is this error of RFC 6749 5.2, uncached."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert "www-authenticate" not in answer.headers
    body = answer.json()
    assert body["error"] == body["error_code"] == error
    assert body["error_description"] == body["detail"]
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", body["error_description"])
