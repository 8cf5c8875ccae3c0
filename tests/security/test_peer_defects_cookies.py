"""Defects that were found in other libraries by running them: cookies.

See ``test_peer_defects.py``.
"""

from __future__ import annotations

import pytest

from pages import ACCESS, BOTH, CSRF, REFRESH, Page, open_page, set_cookies
from web_kits import Realm, bearer, log_in


@pytest.fixture
def page() -> Page:
    """Return a page of an app that takes both transports, and has one user."""
    realm = Realm(transports=BOTH)
    realm.add_user()
    return open_page(realm)


def test_cookies_of_tokens_went_everywhere(page: Page) -> None:
    """Over plain HTTP, to scripts, and along with requests of other sites."""
    cookies = set_cookies(page.log_in())
    assert cookies.keys() == {ACCESS, REFRESH, CSRF}
    for name, attributes in cookies.items():
        assert "secure" in attributes
        assert attributes["samesite"].lower() in {"lax", "strict"}
        assert "domain" not in attributes
        # The page has to read what it sends in a header; it is no token.
        assert ("httponly" in attributes) == (name != CSRF)


def test_a_revoked_cookie_was_renewed(page: Page) -> None:
    """A 401 that set a new access cookie, which opened the door again."""
    page.log_in()
    jar = page.jar
    dead = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
    headers = {**page.headers, **dead}
    assert page.post("/auth/logout").status_code == 204
    page.client.cookies.clear()
    for answer in (
        page.client.get("/auth/me", headers=headers),
        page.client.post("/auth/refresh", headers=headers),
        page.client.post("/act", headers=headers),
    ):
        assert answer.status_code in {400, 401}
        assert "set-cookie" not in answer.headers


def test_a_bearer_request_was_asked_for_a_csrf_token(page: Page) -> None:
    """Where cookies were served too, no client without them could post any more."""
    token = log_in(page.client, transport="bearer")["access_token"]
    assert page.client.post("/act", headers=bearer(token)).status_code == 200
    # A browser that has cookies as well does not change that.
    page.log_in()
    assert page.client.post("/act", headers=bearer(token)).status_code == 200
    assert page.client.post("/act").status_code == 403
