"""Cookies on every store, answered by two workers in turn, as behind a load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from fastapi_jwtkit import JWTAuth, JWTKit
from fastapi_jwtkit.passwords.passlib_hasher import PasslibHasher
from fastapi_jwtkit.stores.memory.users import MemoryUserStore
from pages import ACCESS, BOTH, CSRF, REFRESH, SAME_ORIGIN, Page, refuse_csrf, set_cookies
from shared_places import place_of
from web_kits import PASSWORD, make_settings

PERSON = {"username": "ann", "password": PASSWORD}


@pytest.fixture(params=["valkey", "sqlite", "postgresql"])
def pages(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Page, Page]]:
    """Return a page at each of two workers that share a store and have started."""
    with place_of(request.param, request, tmp_path) as place:
        settings = make_settings(store_url=place.store_url, realm=place.realm)
        users, hasher = MemoryUserStore(), PasslibHasher.cheap_for_tests()
        apps = [FastAPI(), FastAPI()]
        for app in apps:
            kit = JWTKit(settings, users=users, hasher=hasher)
            JWTAuth(kit, transports=BOTH).install(app)
        one, two = (Page(app) for app in apps)
        with one.client, two.client:
            yield one, two


def test_a_session_in_cookies_moves_between_workers(pages: tuple[Page, Page]) -> None:
    """Log in at one, refresh at the other, race, log out: the row says by what transport."""
    one, two = pages
    assert one.client.post("/auth/register", json=PERSON).status_code == 201
    one.log_in()
    jar = one.jar
    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
    by_page = {"Cookie": cookie, "X-CSRF-Token": jar[CSRF], **SAME_ORIGIN}
    assert two.client.get("/auth/me", headers={"Cookie": cookie}).status_code == 200
    refuse_csrf(two.client.post("/auth/refresh", headers={"Cookie": cookie, **SAME_ORIGIN}))
    given = [set_cookies(page.client.post("/auth/refresh", headers=by_page)) for page in pages]
    assert given[0][REFRESH]["value"] == given[1][REFRESH]["value"] != jar[REFRESH]
    assert {int(each[REFRESH]["max-age"]) for each in given} <= {14 * 86_400, 14 * 86_400 - 1}
    in_a_body = {"refresh_token": given[0][REFRESH]["value"]}
    for page in pages:
        page.client.cookies.clear()
        assert page.client.post("/auth/refresh", json=in_a_body).status_code == 400
    assert two.client.post("/auth/logout", headers=by_page).status_code == 204
    newest = f"{REFRESH}={given[0][REFRESH]['value']}; {ACCESS}={given[0][ACCESS]['value']}"
    for page in reversed(pages):
        answer = page.client.post("/auth/refresh", headers={**by_page, "Cookie": newest})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert "set-cookie" not in answer.headers
