"""An application with mail, called over HTTP as pages and apps call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from clocks import FakeClock
from fastapi_jwtkit import JWTAuth
from fastapi_jwtkit.mail import MailKind
from fastapi_jwtkit.web.mounted_kit import ALL, BY_NAME_ONLY
from kits import Heard, House
from mailed import EMAIL, PUBLIC_URL, Postbox
from web_kits import PASSWORD, bearer

NEW_PASSWORD = "another rather long one"


class Pages:
    """A kit on an app, its mails, its events and its clock.

    Args:
        parts: of the kit, in place of those made here.
        settings: of the kit.
    """

    transports: tuple[str, ...] = ("bearer",)

    def __init__(self, *, parts: dict[str, Any] | None = None, **settings: Any) -> None:
        self.post = Postbox()
        self.clock = FakeClock()
        self.house = House(
            clock=self.clock,
            parts={"mailer": self.post, **(parts or {})},
            public_url=PUBLIC_URL,
            **settings,
        )
        self.kit = self.house.kit
        self.users = self.house.users
        self.heard: Heard = self.house.heard
        self.app = FastAPI()
        auth = JWTAuth(self.kit, routes=ALL | BY_NAME_ONLY, transports=self.transports)
        auth.install(self.app)
        self.client: httpx.AsyncClient

    async def send(
        self, path: str, body: Any = None, *, token: str | None = None, method: str = "POST"
    ) -> httpx.Response:
        """Call a route below ``/auth``."""
        headers = bearer(token) if token else {}
        return await self.client.request(method, f"/auth{path}", json=body, headers=headers)

    async def register(self, login: str = "ann", **more: Any) -> httpx.Response:
        """Register somebody with an address."""
        body = {"username": login, "password": PASSWORD, "email": f"{login}@example.com", **more}
        return await self.send("/register", body)

    async def log_in(self, login: str = "ann", password: str = PASSWORD) -> str:
        """Log in and return the access token; empty if it was refused."""
        answer = await self.send("/login", {"username": login, "password": password})
        assert answer.status_code in {200, 401}, answer.text
        token: str = answer.json().get("access_token", "")
        return token

    async def lives(self, token: str) -> bool:
        """Say whether an access token opens a door."""
        answer = await self.send("/me", token=token, method="GET")
        assert answer.status_code in {200, 401}, answer.text
        return answer.status_code == 200

    async def forgot(self, email: str = EMAIL) -> str:
        """Ask for a mail, and return the token in its link."""
        assert (await self.send("/password/forgot", {"email": email})).status_code == 202
        return await self.post.token(self.kit, MailKind.RESET_PASSWORD)

    async def reset(self, token: str, password: str = NEW_PASSWORD) -> httpx.Response:
        """Post what the page behind a link would."""
        return await self.send("/password/reset", {"token": token, "password": password})


@asynccontextmanager
async def opened(pages: Pages) -> AsyncIterator[Pages]:
    """Give the pages a client, and stop the kit after."""
    transport = httpx.ASGITransport(pages.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
        pages.client = client
        yield pages
    await pages.kit.stop()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Assert that this is one of our errors, uncached."""
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.text
    assert answer.headers["cache-control"] == "no-store"
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
