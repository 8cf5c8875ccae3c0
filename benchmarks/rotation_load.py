"""People who use a fleet while its keys are rotated, and a service that trusts its keys."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

__all__ = ["Load", "Person", "ThirdParty", "key_id_of"]

PAUSE_SECONDS = 0.05
REFRESH_EVERY = 4
"""Each so many requests a person refreshes, so that new keys are seen at work."""
PASSWORD = "correct horse battery staple"  # noqa: S105 - made up for the benchmark


def key_id_of(access_token: str) -> str:
    """Return the ``kid`` of a token."""
    return str(jwt.get_unverified_header(access_token)["kid"])


class ThirdParty:
    """A service that verifies with PyJWT, and keeps the key set for its max-age.

    PyJWT asks again where a ``kid`` is unknown to it. Here that counts as a refusal: a
    service that only keeps to the cache would have refused.
    """

    def __init__(self, url: str, *, issuer: str, max_age: int) -> None:
        self._client = jwt.PyJWKClient(f"{url}/.well-known/jwks.json", lifespan=max(1, max_age))
        self._issuer = issuer
        self.accepted = 0
        self.refused: list[str] = []

    async def check(self, access_token: str) -> None:
        """Verify a token, and remember the outcome."""
        try:
            await asyncio.to_thread(self._check, access_token)
            self.accepted += 1
        except (jwt.PyJWTError, LookupError) as error:
            self.refused.append(f"{type(error).__name__}: {error}")

    def _check(self, access_token: str) -> None:
        kid = key_id_of(access_token)
        known = {key.key_id: key for key in self._client.get_jwk_set().keys}
        jwt.decode(
            access_token,
            known[kid],
            algorithms=["ES256"],
            issuer=self._issuer,
            audience=self._issuer,
        )


@dataclass
class Load:
    """What all people saw together."""

    statuses: Counter[str] = field(default_factory=Counter[str])
    signed_by: dict[str, float] = field(default_factory=dict[str, float])
    """When each key was first seen at work, by the clock of the event loop."""
    refused: list[str] = field(default_factory=list[str])
    is_over: bool = False

    def note(self, kind: str, answer: httpx.Response) -> None:
        """Count an answer; one that is no success is kept in words."""
        self.statuses[kind] += 1
        if not answer.is_success:
            self.refused.append(f"{kind}: {answer.status_code} {answer.text[:200]}")


class Person:
    """Somebody with an account, who asks and refreshes in turn."""

    def __init__(self, client: httpx.AsyncClient, load: Load, third_party: ThirdParty) -> None:
        self._client = client
        self._load = load
        self._third_party = third_party
        self.tokens: dict[str, Any] = {}

    async def arrive(self) -> None:
        """Register and log in."""
        person = {"username": f"ann-{secrets.token_hex(8)}", "password": PASSWORD}
        await self._client.post("/auth/register", json=person)
        answer = await self._client.post("/auth/login", json=person)
        self._load.note("logins", answer)
        await self._take(answer)

    async def live(self) -> None:
        """Ask and refresh until the load is over."""
        for number in itertools.count():
            if self._load.is_over:
                return
            await self.ask()
            if number % REFRESH_EVERY == 0:
                await self.refresh()
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask(self) -> int:
        """Ask a guarded route with the token there is."""
        token = self.tokens["access_token"]
        answer = await self._client.get("/tasks", headers={"Authorization": f"Bearer {token}"})
        self._load.note("requests", answer)
        return answer.status_code

    async def refresh(self) -> None:
        """Spend the refresh token."""
        body = {"refresh_token": self.tokens["refresh_token"]}
        answer = await self._client.post("/auth/refresh", json=body)
        self._load.note("refreshes", answer)
        await self._take(answer)

    async def _take(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            return
        self.tokens = answer.json()
        token = self.tokens["access_token"]
        now = asyncio.get_running_loop().time()
        self._load.signed_by.setdefault(key_id_of(token), now)
        await self._third_party.check(token)
