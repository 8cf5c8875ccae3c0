"""Requests that another site's page makes with the visitor's cookies: one attack per test."""

from __future__ import annotations

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient

from clocks import FakeClock
from fastapi_jwtkit import require_scopes
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.keys.secret_ring import SecretRing
from kits import Heard
from pages import (
    ACCESS,
    BOTH,
    CROSS_SITE,
    CSRF,
    EVIL,
    ORIGIN,
    REFRESH,
    SAME_ORIGIN,
    Page,
    make_app,
    open_page,
    refuse_csrf,
)
from web_kits import ISSUER, Realm, bearer, log_in

UNSAFE = (
    ("POST", "/act"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/logout-all"),
    ("DELETE", "/auth/sessions/x"),
)


@pytest.fixture
def heard() -> Heard:
    """Return a sink of events."""
    return Heard()


@pytest.fixture
def realm(heard: Heard) -> Realm:
    """Return a realm with two users, who may choose a transport."""
    realm = Realm(transports=BOTH, parts={"events": (heard,)})
    realm.add_user("ann")
    realm.add_user("mallory")
    return realm


@pytest.fixture
def page(realm: Realm) -> Page:
    """Return a page on which Ann is logged in."""
    page = open_page(realm)
    page.log_in()
    return page


@pytest.mark.std(85)
@pytest.mark.attack(18)
@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_a_form_on_another_site_changes_nothing(page: Page, method: str, path: str) -> None:
    """Even in a browser that sent every cookie along, and to refresh and logout as well."""
    refuse_csrf(page.client.request(method, path, headers=CROSS_SITE))
    assert page.is_logged_in()


@pytest.mark.std(85)
@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": ORIGIN + ".evil.example"},
        {"Origin": ORIGIN + ":8443"},
        {"Origin": ORIGIN.replace("https", "http")},
        {"Origin": ORIGIN.replace("app.", "old.")},
        {"Origin": ORIGIN + "/"},
        {"Origin": f"{EVIL}@app.example.com"},
        {"Origin": f"{ORIGIN}, {EVIL}"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin, cross-site"},
    ],
)
def test_a_foreign_origin_is_refused_even_with_the_token(
    page: Page, headers: dict[str, str], method: str, path: str
) -> None:
    """A token that leaked is no use to a page of another origin, a sibling's included."""
    token = {"X-CSRF-Token": page.jar[CSRF]}
    refuse_csrf(page.client.request(method, path, headers={**token, **headers}))


@pytest.mark.std(85)
@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize("origin", [{}, SAME_ORIGIN, {"Sec-Fetch-Site": "none"}])
@pytest.mark.parametrize("token", [None, "", "x", "jkc_", "jkc_0123456789abcdef." + "A" * 43])
def test_the_right_origin_is_refused_without_the_token(
    page: Page, method: str, path: str, origin: dict[str, str], token: str | None
) -> None:
    """Where the browser says nothing of the origin, the token alone decides."""
    headers = origin if token is None else {**origin, "X-CSRF-Token": token}
    refuse_csrf(page.client.request(method, path, headers=headers))


@pytest.mark.parametrize(
    "origin", [{}, SAME_ORIGIN, {"Origin": ORIGIN}, {"Origin": ORIGIN + ":443"}]
)
def test_a_page_of_the_application_is_let_in_by_its_token(
    page: Page, origin: dict[str, str]
) -> None:
    """And so is a client that is no browser and says nothing of its origin."""
    token = {"X-CSRF-Token": page.jar[CSRF]}
    for path in ("/act", "/auth/refresh"):
        assert page.client.post(path, headers={**token, **origin}).status_code == 200
    assert page.client.post("/auth/logout", headers={**token, **origin}).status_code == 204


@pytest.mark.std(86)
@pytest.mark.attack(18)
@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_a_planted_pair_of_cookie_and_header_is_refused(page: Page, method: str, path: str) -> None:
    """Mallory's own, good token, as cookie and header, beside Ann's session."""
    mallory = Page(page.client.app)  # type: ignore[arg-type]  # it was given a FastAPI
    mallory.log_in("mallory")
    planted = mallory.jar[CSRF]
    cookies = {**page.jar, CSRF: planted}
    page.client.cookies.clear()
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = {**SAME_ORIGIN, "Cookie": cookie, "X-CSRF-Token": planted}
    refuse_csrf(page.client.request(method, path, headers=headers))


@pytest.mark.std(86)
def test_the_token_of_an_earlier_session_of_the_same_person_is_refused(page: Page) -> None:
    """It is bound to the session, not to the person."""
    old = page.jar[CSRF]
    page.post("/auth/logout")
    page.log_in()
    assert page.jar[CSRF] != old
    refuse_csrf(page.post("/act", headers={**SAME_ORIGIN, "X-CSRF-Token": old}))


@pytest.mark.std(86)
def test_no_other_secret_of_the_session_passes_as_its_token(page: Page) -> None:
    """Neither a cookie's value nor the MAC inside the refresh token."""
    key_id = page.jar[CSRF].removeprefix("jkc_").split(".")[0]
    mac = page.jar[REFRESH].split(".")[1]
    for token in (page.jar[ACCESS], page.jar[REFRESH], f"jkc_{key_id}.{mac}"):
        refuse_csrf(page.post("/act", headers={**SAME_ORIGIN, "X-CSRF-Token": token}))


@pytest.mark.std(86)
def test_the_token_of_another_realm_with_the_same_secret_is_refused() -> None:
    """The realm is in the key of the MAC."""
    secrets = SecretRing.generate(now=0.0).to_text()
    one = Realm(transports=BOTH, refresh_secrets=secrets, cookie_name="one")
    two = Realm(issuer=ISSUER + "/2", refresh_secrets=secrets, transports=BOTH)
    pair = one.open_session(one.add_user(), transport="cookie")
    two.open_session(two.add_user(), transport="cookie")  # loads its secrets
    foreign = two.kit.for_cookies.csrf_tokens.token_of(pair.session.sid)
    client = Page(make_app(one)).client
    cookie = f"__Host-one-access={pair.access_token}"
    headers = {**SAME_ORIGIN, "Cookie": cookie, "X-CSRF-Token": foreign}
    refuse_csrf(client.post("/act", headers=headers))
    own = one.kit.for_cookies.csrf_tokens.token_of(pair.session.sid)
    assert client.post("/act", headers={**headers, "X-CSRF-Token": own}).status_code == 200


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Origin", (ORIGIN, EVIL)),
        ("Sec-Fetch-Site", ("same-origin", "cross-site")),
        ("Host", ("app.example.com", "evil.example")),
    ],
)
def test_a_header_that_says_two_things_is_refused(
    page: Page, name: str, values: tuple[str, str]
) -> None:
    """A proxy and the app may each look at another one."""
    token = ("X-CSRF-Token", page.jar[CSRF])
    headers = [token, *[each for each in SAME_ORIGIN.items() if each[0] != name]]
    assert page.client.post("/act", headers=[*headers, (name, values[0])]).status_code == 200
    refuse_csrf(page.client.post("/act", headers=[*headers, *((name, each) for each in values)]))


def test_two_token_headers_are_as_good_as_none(page: Page) -> None:
    """A proxy and the app may each look at another one."""
    twice = [*SAME_ORIGIN.items(), *[("X-CSRF-Token", page.jar[CSRF])] * 2]
    refuse_csrf(page.client.post("/act", headers=twice))


@pytest.mark.std(85)
def test_a_token_in_the_query_or_in_a_form_is_not_seen(page: Page) -> None:
    """A form can send those; it can send no header."""
    token = page.jar[CSRF]
    for options in ({"params": {"X-CSRF-Token": token}}, {"data": {"X-CSRF-Token": token}}):
        refuse_csrf(page.client.post("/act", headers=SAME_ORIGIN, **options))


@pytest.mark.std(85)
@pytest.mark.attack(18)
def test_bearer_requests_need_no_proof(page: Page) -> None:
    """No browser adds that header by itself; CSRF checks on it only break clients."""
    tokens = log_in(page.client)
    headers = {**bearer(tokens["access_token"]), **CROSS_SITE}
    assert page.client.post("/act", headers=headers).status_code == 200
    page.client.cookies.clear()
    body = {"refresh_token": tokens["refresh_token"]}
    assert page.client.post("/auth/refresh", json=body, headers=CROSS_SITE).status_code == 200
    assert page.client.post("/auth/logout", headers=headers).status_code == 204


def test_a_strangers_logout_does_not_clear_the_cookies_of_the_browser_it_runs_in(
    page: Page,
) -> None:
    """Mallory's own refresh token in the body is proof enough, of Mallory's session."""
    tokens = log_in(TestClient(page.client.app), "mallory")
    body = {"refresh_token": tokens["refresh_token"]}
    # SameSite kept Ann's cookies out of the request; the answer must not touch them.
    client = TestClient(page.client.app, base_url=ORIGIN)
    answer = client.post("/auth/logout", json=body, headers=CROSS_SITE)
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers


@pytest.mark.std(87)
def test_no_safe_method_changes_anything(page: Page) -> None:
    """So they need no proof: a link to the application finds the person logged in."""
    for method in ("GET", "HEAD"):
        for path in ("/auth/logout", "/auth/logout-all", "/auth/refresh", "/auth/login"):
            assert page.client.request(method, path).status_code == 405
    assert page.client.get("/auth/me", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.std(89)
def test_no_origin_is_ever_reflected(page: Page) -> None:
    """Whom to let read answers is for the application's own CORS to say."""
    for origin in (EVIL, ORIGIN):
        answers = [
            page.client.get("/auth/me", headers={"Origin": origin}),
            page.client.options("/act", headers={"Origin": origin}),
            page.client.post("/act", headers={"Origin": origin}),
        ]
        for answer in answers:
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_what_is_refused_is_told_and_nothing_secret_with_it(page: Page, heard: Heard) -> None:
    """The log says which check failed and for which session; the answer does not."""
    page.client.post("/act", headers=CROSS_SITE)
    page.client.post("/act", headers=SAME_ORIGIN)
    page.client.post("/act", headers={**SAME_ORIGIN, "X-CSRF-Token": "secret"})
    told = heard.of(EventName.CSRF_FAILED)
    assert [event.reason for event in told] == [
        "foreign_origin",
        "csrf_token_missing",
        "csrf_token_malformed",
    ]
    assert told[1].session_id
    assert "secret" not in repr(told)


@pytest.mark.attack(18)
def test_an_expired_access_token_is_a_401_before_it_is_a_403() -> None:
    """So that a client knows to refresh; nothing is done for either."""
    clock = FakeClock()
    realm = Realm(clock=clock, transports=BOTH)
    realm.add_user()
    page = open_page(realm)
    page.log_in()
    clock.step(700)
    assert page.client.post("/act", headers=SAME_ORIGIN).status_code == 401


def test_a_missing_scope_is_said_only_to_a_page_of_the_application(realm: Realm) -> None:
    """A forged request learns nothing about the person's rights."""
    app = make_app(realm)

    @app.post("/admin", dependencies=[Depends(require_scopes("admin"))])
    async def admin() -> None: ...

    page = Page(app)
    page.log_in()
    refuse_csrf(page.client.post("/admin", headers=CROSS_SITE))
    assert page.post("/admin").json()["error_code"] == "insufficient_scope"
