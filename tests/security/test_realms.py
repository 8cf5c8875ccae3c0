"""Two realms on one app that share everything but their names, and still keep apart.

The same signing keys, refresh secrets, stores and users: what is left to tell them apart
is the issuer and the realm, which are in every token, every row and every entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fastapi_jwtkit import KeyRing
from fastapi_jwtkit.records import RevocationEntry, SessionProof, TokenPair
from fastapi_jwtkit.web.schemas import MAX_REFRESH_TOKEN
from two_realms import (
    BODIES,
    DOORS,
    GARBAGE,
    KINDS,
    PREFIXES,
    Shared,
    delete,
    get,
    other_than,
    post,
)
from web_kits import bearer, run

BAD_TOKEN = 'Bearer error="invalid_token"'


@pytest.fixture(scope="module")
def shared() -> Shared:
    """Return realms that no test of a refusal changes."""
    return Shared()


@pytest.fixture
def fresh() -> Shared:
    """Return realms to do something with."""
    return Shared()


def refuse(answer: Any, door: str, token: str) -> None:
    """Assert that what came as a refresh token is none.

    Most access tokens are longer than any refresh token: that is malformed.
    """
    too_long = len(token) > MAX_REFRESH_TOKEN
    if door in {"refresh", "token"}:
        error = "invalid_request" if too_long else "invalid_grant"
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    elif too_long:
        assert (answer.status_code, answer.json()["error_code"]) == (422, "validation_error")
    else:
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, BAD_TOKEN)


@pytest.fixture(params=["a", "b"])
def owner(request: pytest.FixtureRequest) -> str:
    """Return the realm whose tokens are presented to the other one."""
    name: str = request.param
    return name


@pytest.fixture
def untouched(shared: Shared) -> Iterator[None]:
    """Assert that the test changed no row and no entry of either realm."""
    before = shared.state()
    yield
    assert shared.state() == before


@pytest.mark.std(31, 47, 48)
@pytest.mark.attack(3, 7)
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", [*KINDS, *GARBAGE])
def test_no_token_of_one_realm_opens_a_door_of_the_other(
    shared: Shared, owner: str, kind: str, door: str
) -> None:
    """Not for reading, not for logging somebody out, not behind a guard of its own realm."""
    other = other_than(owner)
    token = (KINDS | GARBAGE)[kind](shared, owner, other)
    answer = DOORS[door](shared, other, token)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == BAD_TOKEN
    assert answer.json()["error_code"] == "invalid_token"


@pytest.mark.std(5, 47)
@pytest.mark.attack(7)
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("door", BODIES)
@pytest.mark.parametrize("kind", [*KINDS, *GARBAGE])
def test_no_token_of_one_realm_is_a_refresh_token_of_the_other(
    shared: Shared, owner: str, kind: str, door: str
) -> None:
    """It grants nothing, ends nothing, and is not taken for reuse."""
    other = other_than(owner)
    token = (KINDS | GARBAGE)[kind](shared, owner, other)
    answer = BODIES[door](shared, other, token)
    refuse(answer, door, token)


@pytest.mark.std(47)
@pytest.mark.attack(7)
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["refresh", "newest refresh", "spent refresh"])
def test_a_refresh_token_is_no_bearer_token_in_its_own_realm(
    shared: Shared, owner: str, kind: str, door: str
) -> None:
    """Whoever finds one in a log can read nothing with it."""
    answer = DOORS[door](shared, owner, KINDS[kind](shared, owner, other_than(owner)))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, BAD_TOKEN)


@pytest.mark.std(47)
@pytest.mark.attack(7)
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("door", BODIES)
@pytest.mark.parametrize("kind", ["access", "newest access", "expired access"])
def test_an_access_token_is_no_refresh_token_in_its_own_realm(
    shared: Shared, owner: str, kind: str, door: str
) -> None:
    """A stolen ten minutes do not become thirty days."""
    token = KINDS[kind](shared, owner, other_than(owner))
    answer = BODIES[door](shared, owner, token)
    refuse(answer, door, token)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("route", ["logout", "logout-all"])
def test_a_foreign_token_beside_ones_own_ends_nothing(
    shared: Shared, owner: str, route: str
) -> None:
    """A request that proves two things at once is refused as a whole."""
    other = other_than(owner)
    url = f"{PREFIXES[owner]}/{route}"
    own = bearer(shared.good[owner].access_token)
    for token in (shared.good[other].refresh_token, shared.good[other].access_token):
        refuse(shared.client.post(url, headers=own, json={"refresh_token": token}), route, token)
    foreign = bearer(shared.good[other].access_token)
    body = {"refresh_token": shared.good[owner].refresh_token}
    assert shared.client.post(url, headers=foreign, json=body).status_code == 401


def test_every_door_opens_to_a_token_of_its_own_realm(fresh: Shared, owner: str) -> None:
    """The doors above are the right ones: else nothing would have been shown."""
    token = fresh.good[owner].access_token
    other = other_than(owner)
    for path in (f"{PREFIXES[owner]}/me", f"{PREFIXES[owner]}/sessions", f"/{owner}/guarded"):
        assert get(fresh, path, token).status_code == 200
    assert get(fresh, f"/{owner}/optional", token).json() == fresh.user.id
    # A guard of the other realm on the same route has its own opinion of the same token.
    for path in (f"/{owner}/after-{other}", f"/{owner}/before-{other}"):
        assert get(fresh, path, token).status_code == 401
    with fresh.client.websocket_connect(f"/{owner}/socket", headers=bearer(token)) as socket:
        assert socket.receive_text() == fresh.user.id
    spare = fresh.open(owner)
    assert delete(fresh, owner, token, spare.session.sid).status_code == 204
    refresh = BODIES["refresh"](fresh, owner, fresh.newest[owner].refresh_token)
    assert refresh.status_code == 200
    by_form = BODIES["token"](fresh, owner, refresh.json()["refresh_token"])
    assert by_form.status_code == 200
    assert BODIES["logout"](fresh, owner, by_form.json()["refresh_token"]).status_code == 204
    assert post(fresh, owner, "logout", token).status_code == 204
    assert BODIES["logout-all"](fresh, owner, fresh.stale[owner].refresh_token).status_code == 204


@pytest.mark.parametrize("foreign", ["of another person", "of the same name"])
def test_the_sessions_of_the_other_realm_are_not_there(
    fresh: Shared, owner: str, foreign: str
) -> None:
    """The same person's sessions in the other realm are not listed and cannot be ended."""
    other = other_than(owner)
    token = fresh.good[owner].access_token
    listed = get(fresh, f"{PREFIXES[owner]}/sessions", token).json()
    own = {pair.session.sid for pair in _pairs(fresh, owner)}
    assert {item["id"] for item in listed} == own
    sid = "unknown" if foreign == "of another person" else fresh.good[other].session.sid
    answer = delete(fresh, owner, token, sid)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "session_not_found")
    assert fresh.is_let_in(other, fresh.good[other].access_token)


def _pairs(s: Shared, name: str) -> list[TokenPair]:
    return [s.stale[name], s.good[name], s.rotated[name]]


def _reuse(s: Shared, name: str) -> None:
    s.clock.step(31)
    assert s.refresh(name, s.rotated[name].refresh_token) == 400
    assert not s.is_let_in(name, s.newest[name].access_token)


def _revoke(s: Shared, name: str, kind: Any, value: str) -> None:
    entry = RevocationEntry(kind=kind, value=value, expires_at=s.clock.now() + 700)
    run(s.revocations.publish(s.kit[name].realm, [entry]))
    s.clock.step(5)
    assert not s.is_let_in(name, s.good[name].access_token)


# Everything that ends something in a realm.
ENDINGS: dict[str, Callable[[Shared, str], Any]] = {
    "logout": lambda s, name: post(s, name, "logout", s.good[name].access_token),
    "logout-all": lambda s, name: post(s, name, "logout-all", s.good[name].access_token),
    "close_all": lambda s, name: run(s.kit[name].close_all(s.user.id)),
    "expire_claims": lambda s, name: run(s.kit[name].expire_claims(s.user.id)),
    "the other's session id": lambda s, name: run(
        s.kit[name].close(SessionProof(sid=s.good[other_than(name)].session.sid, subject=s.user.id))
    ),
    "reuse": _reuse,
    "an entry for the subject": lambda s, name: _revoke(s, name, "subject", s.user.id),
    "an entry for the key": lambda s, name: _revoke(
        s, name, "kid", KeyRing.from_text(s.keys).active.kid
    ),
}


@pytest.mark.std(102)
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_ends_in_one_realm_goes_on_in_the_other(
    fresh: Shared, owner: str, ending: str
) -> None:
    """Revoking is by realm too: same person, same key, even the same session id."""
    other = other_than(owner)
    ENDINGS[ending](fresh, owner)
    for pair in (fresh.good[other], fresh.newest[other]):
        assert fresh.is_let_in(other, pair.access_token)
        assert fresh.refresh(other, pair.refresh_token) == 200


def test_one_use_in_one_realm_is_not_a_use_in_the_other(fresh: Shared) -> None:
    """The same id may be consumed once in each."""
    expires_at = fresh.clock.now() + 60
    first, second = (fresh.kit[name].realm for name in PREFIXES)
    uses = [
        run(fresh.one_time.consume(realm, "id-1", expires_at=expires_at))
        for realm in (first, second, first, second)
    ]
    assert uses == [True, True, False, False]
