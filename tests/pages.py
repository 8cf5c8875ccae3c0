"""A browser with a page of the application open, and one with somebody else's."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import CurrentPrincipal
from web_kits import PASSWORD, Realm

ORIGIN = "https://app.example.com"
EVIL = "https://evil.example"
ACCESS = "__Host-jwtkit-access"
REFRESH = "__Secure-jwtkit-refresh"
CSRF = "__Host-jwtkit-csrf"
BOTH = ("bearer", "cookie")
SAME_ORIGIN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
CROSS_SITE = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}


class Page:
    """A page of the application in a browser: it keeps cookies and sends what pages send.

    Over https, as ``Secure`` cookies are not sent back otherwise.
    """

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)

    @property
    def jar(self) -> dict[str, str]:
        """Return the cookies by name."""
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    @property
    def headers(self) -> dict[str, str]:
        """Return what a script of the page makes the browser send."""
        return {**SAME_ORIGIN, "X-CSRF-Token": self.jar.get(CSRF, "")}

    def log_in(self, login: str = "ann", **extra: Any) -> Any:
        """Log in with cookies and return the answer."""
        body = {"username": login, "password": PASSWORD, "transport": "cookie", **extra}
        answer = self.client.post("/auth/login", json=body, headers=SAME_ORIGIN)
        assert answer.status_code == 200, answer.text
        return answer

    def post(self, path: str, **options: Any) -> Any:
        """Post as a script of the page does."""
        return self.client.post(path, **{"headers": self.headers, **options})

    def get(self, path: str, **options: Any) -> Any:
        """Get as a script of the page does."""
        return self.client.get(path, **options)

    def is_logged_in(self) -> bool:
        """Say whether the access cookie opens a door."""
        status = self.get("/auth/me").status_code
        assert status in {200, 401}
        return status == 200


def make_app(realm: Realm) -> FastAPI:
    """Return an app with the realm installed and a route that changes something."""
    app = FastAPI()

    @app.post("/act")
    async def act(principal: CurrentPrincipal) -> str:
        return principal.subject

    realm.auth.install(app)
    return app


def open_page(realm: Realm) -> Page:
    """Return a page of a new app with the realm installed."""
    return Page(make_app(realm))


def set_cookies(answer: Any) -> dict[str, dict[str, str]]:
    """Return the attributes of each cookie that an answer sets, names in lower case."""
    found: dict[str, dict[str, str]] = {}
    for line in answer.headers.get_list("set-cookie"):
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        assert name not in found
        parts = (attribute.partition("=") for attribute in attributes)
        found[name] = {"value": value, **{key.lower(): text for key, _, text in parts}}
    return found


def refuse_csrf(answer: Any) -> None:
    """Assert the one answer to forged requests: no challenge, no cookie touched."""
    assert answer.status_code == 403, answer.text
    assert answer.json()["error_code"] == "csrf_failed"
    assert answer.json()["detail"] == "The request does not come from a page of this application."
    assert "www-authenticate" not in answer.headers
    assert "set-cookie" not in answer.headers
