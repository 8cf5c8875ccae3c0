"""How sessions in cookies end, and what is left in the browser."""

from __future__ import annotations

import pytest

from clocks import FakeClock
from cookie_fixtures import clock as clock  # noqa: PLC0414 - pytest finds it by its name here
from cookie_fixtures import page as page  # noqa: PLC0414 - likewise
from cookie_fixtures import realm as realm  # noqa: PLC0414 - likewise
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.web.mounted_kit import ALL, BY_NAME_ONLY
from kits import Heard
from pages import (
    ACCESS,
    BOTH,
    CROSS_SITE,
    CSRF,
    REFRESH,
    SAME_ORIGIN,
    Page,
    open_page,
    refuse_csrf,
)
from web_kits import PASSWORD, Realm, bearer, log_in


@pytest.mark.std(88)
@pytest.mark.parametrize(
    ("setting", "header"),
    [("", None), ("storage", '"storage"'), ("cache,storage", '"cache", "storage"')],
)
def test_a_logout_empties_what_the_settings_name(setting: str, header: str | None) -> None:
    """Of the origin, so nothing unasked; and never for who brought no cookies."""
    realm = Realm(transports=BOTH, clear_site_data=setting)
    realm.add_user()
    page = open_page(realm)
    page.log_in()
    assert page.post("/auth/logout").headers.get("clear-site-data") == header
    token = log_in(page.client)["access_token"]
    by_header = page.client.post("/auth/logout", headers=bearer(token))
    assert by_header.status_code == 204
    assert "clear-site-data" not in by_header.headers


def test_logging_out_needs_no_token_that_still_lives(page: Page, clock: FakeClock) -> None:
    """A page that was left open for a day can log out, and so can one after the session."""
    page.log_in()
    jar = page.jar
    clock.step(86_400)
    assert page.post("/auth/logout").status_code == 204
    for name in (REFRESH, ACCESS):
        page.client.cookies.clear()
        headers = {"Cookie": f"{name}={jar[name]}", "X-CSRF-Token": jar[CSRF], **SAME_ORIGIN}
        assert page.client.post("/auth/logout", headers=headers).status_code == 204


def test_who_deletes_an_account_keeps_no_cookies_of_it() -> None:
    """And a page of somebody else deletes nothing."""
    realm = Realm(transports=BOTH, routes=ALL | BY_NAME_ONLY)
    realm.add_user()
    page = open_page(realm)
    page.log_in()
    body = {"password": PASSWORD}
    refuse_csrf(page.client.post("/auth/account/delete", json=body, headers=CROSS_SITE))
    assert page.is_logged_in()
    assert page.post("/auth/account/delete", json=body).status_code == 204
    assert page.jar == {}
    page.client.cookies.clear()
    assert page.client.post("/auth/login", json={"username": "ann", **body}).status_code == 401


def test_one_session_ends_another_of_the_same_person(page: Page) -> None:
    """Across transports, and everywhere at once."""
    phone = log_in(page.client)
    page.log_in()
    phone_sid = page.client.get("/auth/me", headers=bearer(phone["access_token"])).json()
    page.client.delete(f"/auth/sessions/{phone_sid['session_id']}", headers=page.headers)
    assert page.client.get("/auth/me", headers=bearer(phone["access_token"])).status_code == 401
    assert page.is_logged_in()
    tablet = log_in(page.client)
    everywhere = page.client.post("/auth/logout-all", headers=bearer(tablet["access_token"]))
    assert everywhere.status_code == 204
    assert "set-cookie" not in everywhere.headers
    assert not page.is_logged_in()


def test_a_login_over_old_cookies_is_no_failed_logout() -> None:
    """What lies in a browser from long ago is no attempt of anybody's, and sets off no alarm."""
    heard = Heard()
    realm = Realm(transports=BOTH, parts={"events": (heard,)})
    realm.add_user(scopes=["tasks:read"])
    page = open_page(realm)
    page.client.cookies.set(REFRESH, "jkr_made.up", domain="app.example.com", path="/auth")
    page.log_in()
    assert page.is_logged_in()
    assert heard.of(EventName.LOGOUT_FAILED) == []
    page.log_in()
    assert len(heard.of(EventName.SESSION_ENDED)) == 1
