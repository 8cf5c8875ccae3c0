"""Which door a token opens: its own transport's, and no other."""

from __future__ import annotations

import pytest

from fastapi_jwtkit import OptionalPrincipal
from pages import ACCESS, BOTH, CSRF, REFRESH, SAME_ORIGIN, Page, make_app, open_page
from web_kits import PASSWORD, Realm, bearer, log_in


@pytest.fixture
def realm() -> Realm:
    """Return a realm with one user, who may choose a transport."""
    realm = Realm(transports=BOTH)
    realm.add_user(scopes=["tasks:read"])
    return realm


@pytest.fixture
def page(realm: Realm) -> Page:
    """Return a page of an app with that realm."""
    return open_page(realm)


@pytest.mark.std(28)
@pytest.mark.attack(18)
@pytest.mark.parametrize("header", ["Bearer x", "Bearer", "bearer abc.def.ghi", "Basic YTpi", ""])
def test_an_authorization_header_never_falls_back_to_the_cookie(page: Page, header: str) -> None:
    """A bad header is a 401 beside the best of cookies."""
    page.log_in()
    assert page.get("/auth/me").status_code == 200
    answer = page.get("/auth/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert page.post("/act", headers={**page.headers, "Authorization": header}).status_code == 401
    refreshed = page.post("/auth/refresh", headers={**page.headers, "Authorization": header})
    assert refreshed.status_code == 400
    out = page.post("/auth/logout", headers={**page.headers, "Authorization": header})
    assert out.status_code == 401
    assert page.is_logged_in()


@pytest.mark.std(28)
@pytest.mark.parametrize("name", [ACCESS, REFRESH])
@pytest.mark.parametrize("joined", [True, False])
def test_a_cookie_that_is_there_twice_is_refused(page: Page, name: str, joined: bool) -> None:
    """A sibling domain planted one, and no order says which is ours."""
    page.log_in()
    jar = page.jar
    page.client.cookies.clear()
    twice = f"{name}={jar[name]}; other=1; {name}=x"
    cookies = [("Cookie", twice)] if joined else [("Cookie", each) for each in twice.split("; ")]
    headers = [*SAME_ORIGIN.items(), ("X-CSRF-Token", jar[CSRF]), *cookies]
    path = "/act" if name == ACCESS else "/auth/refresh"
    answer = page.client.post(path, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "invalid_request"
    assert page.client.post("/auth/logout", headers=headers).status_code == 400


@pytest.mark.attack(18)
def test_a_session_answers_by_its_own_transport_only(realm: Realm, page: Page) -> None:
    """Four tokens, each at the other's door."""
    page.log_in()
    cookie_access, cookie_refresh = page.jar[ACCESS], page.jar[REFRESH]
    csrf = page.jar[CSRF]
    tokens = log_in(page.client)
    page.client.cookies.clear()
    stranger = page.client
    assert stranger.get("/auth/me", headers=bearer(cookie_access)).status_code == 401
    body = {"refresh_token": cookie_refresh}
    answer = stranger.post("/auth/refresh", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    form = {"grant_type": "refresh_token", **body}
    assert stranger.post("/auth/token", data=form).json()["error"] == "invalid_grant"
    assert stranger.post("/auth/logout", json=body).status_code == 401
    assert stranger.post("/auth/logout", headers=bearer(cookie_access)).status_code == 401
    planted = {"Cookie": f"{ACCESS}={tokens['access_token']}", **SAME_ORIGIN}
    assert stranger.get("/auth/me", headers=planted).status_code == 401
    sid = stranger.get("/auth/me", headers=bearer(tokens["access_token"])).json()["session_id"]
    own = realm.kit.for_cookies.csrf_tokens.token_of(sid)
    planted = {
        "Cookie": f"{REFRESH}={tokens['refresh_token']}",
        "X-CSRF-Token": own,
        **SAME_ORIGIN,
    }
    answer = stranger.post("/auth/refresh", headers=planted)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert stranger.post("/auth/logout", headers=planted).status_code == 401
    # Both sessions live, each at its own door.
    assert stranger.get("/auth/me", headers=bearer(tokens["access_token"])).status_code == 200
    cookies = f"{ACCESS}={cookie_access}; {REFRESH}={cookie_refresh}"
    own_page = {"Cookie": cookies, "X-CSRF-Token": csrf, **SAME_ORIGIN}
    assert stranger.post("/auth/refresh", headers=own_page).status_code == 200


@pytest.mark.std(28)
def test_a_refresh_token_in_body_and_cookie_is_a_400_that_spends_neither(page: Page) -> None:
    """Which one was meant is not for us to guess."""
    tokens = log_in(page.client)
    page.log_in()
    body = {"refresh_token": tokens["refresh_token"]}
    answer = page.post("/auth/refresh", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "set-cookie" not in answer.headers
    assert page.post("/auth/refresh").status_code == 200
    page.client.cookies.clear()
    assert page.client.post("/auth/refresh", json=body).status_code == 200


def test_where_only_cookies_are_served_a_bearer_token_is_no_stranger() -> None:
    """It is refused: an optional guard must not take its bearer for a stranger."""
    realm = Realm(transports=("cookie",))
    user = realm.add_user()
    token = realm.open_session(user).access_token
    app = make_app(realm)

    @app.get("/maybe")
    async def maybe(principal: OptionalPrincipal) -> bool:
        return principal is None

    page = Page(app)
    assert page.get("/maybe").json() is True
    assert page.get("/maybe", headers=bearer(token)).status_code == 401
    assert page.get("/auth/me", headers=bearer(token)).status_code == 401
    body = {"refresh_token": realm.open_session(user).refresh_token}
    assert page.client.post("/auth/refresh", json=body).json()["error"] == "invalid_grant"
    assert page.client.post("/auth/logout", json=body).status_code == 401
    assert page.client.post("/auth/token", data=body).status_code == 404
    answer = page.client.post(
        "/auth/login", json={"username": "ann", "password": PASSWORD}, headers=SAME_ORIGIN
    )
    assert "access_token" not in answer.text
    assert page.is_logged_in()
