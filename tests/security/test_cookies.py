"""Cookies: their attributes, who may read them, and which door a token opens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from clocks import FakeClock
from fastapi_jwtkit.errors import ConfigurationError
from pages import ACCESS, BOTH, CSRF, REFRESH, SAME_ORIGIN, Page, open_page, set_cookies
from web_kits import PASSWORD, Realm, run

DAY = 86_400


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
def realm(clock: FakeClock) -> Realm:
    """Return a realm with one user, who may choose a transport."""
    realm = Realm(clock=clock, transports=BOTH)
    realm.add_user(scopes=["tasks:read"])
    return realm


@pytest.fixture
def page(realm: Realm) -> Page:
    """Return a page of an app with that realm."""
    return open_page(realm)


@pytest.mark.std(79, 80, 81, 83)
def test_the_cookies_have_the_prefixes_and_attributes_that_keep_them(page: Page) -> None:
    """Secure all; out of reach of scripts but for the CSRF token; for this host alone."""
    for answer in (page.log_in(), page.post("/auth/refresh")):
        cookies = set_cookies(answer)
        assert set(cookies) == {ACCESS, REFRESH, CSRF}
        for attributes in cookies.values():
            assert "secure" in attributes
            assert "domain" not in attributes
            assert 0 < int(attributes["max-age"]) <= 400 * DAY
        paths = {name: attributes["path"] for name, attributes in cookies.items()}
        assert paths == {ACCESS: "/", REFRESH: "/auth", CSRF: "/"}
        sites = {name: attributes["samesite"] for name, attributes in cookies.items()}
        assert sites == {ACCESS: "lax", REFRESH: "strict", CSRF: "strict"}
        assert {name for name in cookies if "httponly" in cookies[name]} == {ACCESS, REFRESH}
        assert int(cookies[ACCESS]["max-age"]) <= 600
        assert int(cookies[REFRESH]["max-age"]) == 14 * DAY
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.std(83)
def test_the_refresh_cookie_does_not_outlive_its_session(page: Page, clock: FakeClock) -> None:
    """The absolute end does not slide, and neither does the cookie's."""
    page.log_in()
    for _ in range(2):
        clock.step(10 * DAY)
        answer = page.post("/auth/refresh")
    assert int(set_cookies(answer)[REFRESH]["max-age"]) == 10 * DAY


@pytest.mark.std(80)
def test_no_token_of_a_cookie_session_is_in_a_body(page: Page) -> None:
    """What a script can read, an injected one can send away."""
    for answer in (page.log_in(), page.post("/auth/refresh"), page.get("/auth/sessions")):
        assert answer.status_code == 200
        for secret in (page.jar[ACCESS], page.jar[REFRESH]):
            assert secret not in answer.text
        assert "access_token" not in answer.text
        assert "jkr_" not in answer.text
    body = page.post("/auth/refresh").json()
    assert 0 < body.pop("expires_in") <= 600
    assert body == {"token_type": "cookie", "scope": "tasks:read"}


@pytest.mark.std("89a")
def test_an_access_cookie_says_nothing_about_the_person(page: Page) -> None:
    """NIST SP 800-63B-4 5.1.1: whoever has the cookie can read a JWT, so it holds ids."""
    page.log_in()
    payload = page.jar[ACCESS].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert "ann" not in json.dumps(claims)
    assert not {"email", "name", "username", "preferred_username"} & claims.keys()


@pytest.mark.std(84, 102)
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_a_logout_deletes_the_cookies_as_they_were_set(page: Page, path: str) -> None:
    """A browser keeps a prefixed cookie if one attribute differs."""
    keep = ("path", "samesite", "secure", "httponly")
    before = set_cookies(page.log_in())
    answer = page.post(path)
    assert answer.status_code == 204
    after = set_cookies(answer)
    assert after.keys() == before.keys()
    for name, attributes in after.items():
        assert attributes["max-age"] == "0"
        assert attributes["value"] in {"", '""'}
        kept = {key: attributes[key] for key in keep if key in attributes}
        assert kept == {key: before[name][key] for key in keep if key in before[name]}
    assert page.jar == {}
    assert page.post(path).status_code == 401


@pytest.mark.std(82)
def test_a_token_too_long_for_a_cookie_is_an_error_and_never_a_lost_cookie() -> None:
    """A browser drops it without a word; the error says which claim is to blame."""
    roles = [f"role-{number:04}-{'x' * 20}" for number in range(90)]
    realm = Realm(transports=BOTH)
    user = realm.add_user(roles=roles)
    with pytest.raises(ConfigurationError, match=r"roles \d+") as caught:
        realm.open_session(user, transport="cookie")
    assert "4096" in str(caught.value)
    assert run(realm.kit.list_sessions(user.id)) == []
    assert realm.open_session(user).access_token  # the same token is not too long for a header


@pytest.mark.std(82)
def test_a_refresh_whose_cookie_would_be_too_long_spends_nothing(clock: FakeClock) -> None:
    """Roles that were added since the login: the session lives on without them."""
    realm = Realm(clock=clock, transports=BOTH)
    user = realm.add_user()
    page = open_page(realm)
    page.log_in()
    roles = [f"role-{number:04}-{'x' * 20}" for number in range(90)]
    run(realm.users.change(user.id, roles=roles))
    before = page.jar
    assert page.post("/auth/refresh").status_code == 500
    assert page.jar == before
    run(realm.users.change(user.id, roles=[]))
    clock.step(120)
    assert page.post("/auth/refresh").status_code == 200


@pytest.mark.std(82)
def test_every_access_cookie_that_is_issued_fits() -> None:
    """Name and value together, up to the longest name: browsers count both."""
    realm = Realm(transports=BOTH, cookie_name="n" * 64)
    user, page, fitted = realm.add_user(), open_page(realm), set[bool]()
    body = {"username": "ann", "password": PASSWORD, "transport": "cookie"}
    for characters in range(2_300, 2_900, 40):
        run(realm.users.change(user.id, roles=["x" * characters]))
        answer = page.client.post("/auth/login", json=body, headers=SAME_ORIGIN)
        fitted.add(answer.status_code == 200)
        for name, attributes in set_cookies(answer).items():
            assert len(name) + len(attributes["value"]) <= 4096
    assert fitted == {True, False}


@pytest.mark.attack(11)
def test_no_refused_refresh_touches_the_cookies(page: Page, clock: FakeClock) -> None:
    """Who lost a race would throw out what the winner was given."""
    page.log_in()
    old = page.jar
    assert page.post("/auth/refresh").status_code == 200
    clock.step(120)
    presented: dict[str, Any] = {
        "forged": old[REFRESH][:-2] + "AA",
        "malformed": "x",
        "spent long ago": old[REFRESH],
        "of a session that is over": page.jar[REFRESH],
    }
    for name, token in presented.items():
        page.client.cookies.clear()
        headers = {"Cookie": f"{REFRESH}={token}", "X-CSRF-Token": old[CSRF], **SAME_ORIGIN}
        answer = page.client.post("/auth/refresh", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), name
        assert "set-cookie" not in answer.headers, name


@pytest.mark.attack(11)
def test_the_losers_of_a_race_are_given_the_winners_cookies(page: Page) -> None:
    """Within the grace window: the same refresh token, and a good access token each."""
    page.log_in()
    cookies = "; ".join(f"{name}={value}" for name, value in page.jar.items())
    headers = {**page.headers, "Cookie": cookies}
    answers = []
    for _ in range(3):
        page.client.cookies.clear()
        answers.append(page.client.post("/auth/refresh", headers=headers))
    assert {answer.status_code for answer in answers} == {200}
    given = [set_cookies(answer) for answer in answers]
    assert len({cookie[REFRESH]["value"] for cookie in given}) == 1
    for cookie in given:
        page.client.cookies.clear()
        access = {"Cookie": f"{ACCESS}={cookie[ACCESS]['value']}"}
        assert page.client.get("/auth/me", headers=access).status_code == 200


@pytest.mark.attack(10)
def test_no_answer_renews_a_cookie_but_that_of_a_refresh(page: Page, clock: FakeClock) -> None:
    """A peer's sliding renewal brought revoked cookies back to life."""
    page.log_in()
    revoked = {"Cookie": f"{ACCESS}={page.jar[ACCESS]}"}
    clock.step(500)
    for answer in (page.get("/auth/me"), page.post("/act"), page.get("/auth/sessions")):
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    page.post("/auth/logout")
    for path in ("/auth/me", "/auth/sessions"):
        answer = page.get(path, headers=revoked)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


@pytest.mark.std(101)
def test_a_login_ends_the_session_whose_cookies_it_replaces(page: Page) -> None:
    """ASVS 7.2.4: nobody would hold its tokens any more but a thief."""
    page.log_in()
    stolen = page.jar[ACCESS]
    page.log_in()
    headers = {"Cookie": f"{ACCESS}={stolen}"}
    assert page.is_logged_in()
    page.client.cookies.clear()
    assert page.client.get("/auth/me", headers=headers).status_code == 401


def test_a_login_beside_an_old_refresh_cookie_ends_nothing(page: Page) -> None:
    """Who kept a spent token cannot end the session that went on without it."""
    page.log_in()
    spent = page.jar[REFRESH]
    page.post("/auth/refresh")
    going_on = {"Cookie": f"{ACCESS}={page.jar[ACCESS]}"}
    body = {"username": "ann", "password": PASSWORD, "transport": "cookie"}
    headers = {"Cookie": f"{REFRESH}={spent}", **SAME_ORIGIN}
    assert page.client.post("/auth/login", json=body, headers=headers).status_code == 200
    page.client.cookies.clear()
    assert page.client.get("/auth/me", headers=going_on).status_code == 200


@pytest.mark.attack(18)
def test_a_failed_login_sets_and_clears_nothing(page: Page) -> None:
    """Who mistypes a second password stays logged in with the first."""
    page.log_in()
    body = {"username": "ann", "password": PASSWORD + "x", "transport": "cookie"}
    answer = page.client.post("/auth/login", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert page.is_logged_in()
