"""What a resource answers to no token, a bad one and a weak one: RFC 6750 to the letter."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient

from clocks import FakeClock
from fastapi_jwtkit import (
    CurrentPrincipal,
    OptionalPrincipal,
    require_permissions,
    require_roles,
    require_scopes,
)
from web_kits import Realm, bearer, make_client, run

NO_TOKEN = "Bearer"
BAD_TOKEN = 'Bearer error="invalid_token"'
FORBIDDEN = 'Bearer error="insufficient_scope"'


def make_app() -> FastAPI:
    """Return an app with one route per kind of guard."""
    app = FastAPI()

    @app.get("/any")
    async def anyone(principal: CurrentPrincipal) -> str:
        return principal.subject

    @app.get("/optional")
    async def optional(principal: OptionalPrincipal) -> str:
        return principal.subject if principal else "a stranger"

    @app.get("/scopes", dependencies=[Depends(require_scopes("b", "a", any_of=("d", "c")))])
    async def scoped() -> None: ...

    @app.get("/roles", dependencies=[Depends(require_roles("admin"))])
    async def role() -> None: ...

    @app.get("/permissions", dependencies=[Depends(require_permissions("archive"))])
    async def permission() -> None: ...

    return app


@pytest.fixture
def realm() -> Realm:
    """Return a realm without users."""
    return Realm(clock=FakeClock())


@pytest.fixture
def client(realm: Realm) -> TestClient:
    """Return a client of the app."""
    return make_client(realm, make_app())


@pytest.mark.std(30, 34)
@pytest.mark.parametrize("path", ["/any", "/scopes", "/roles", "/permissions", "/auth/me"])
def test_no_token_is_challenged_without_an_error_code(client: TestClient, path: str) -> None:
    """RFC 6750 3.1: who sent nothing made no mistake yet."""
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == [NO_TOKEN]
    assert answer.json() == {"detail": "Not authenticated.", "error_code": "not_authenticated"}


@pytest.mark.std(27, 31)
@pytest.mark.attack(20)
@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "bearer\tabc",
        "Bearer a b",
        "Bearer abc,def",
        "Bearer abc, Bearer def",
        'Bearer "abc"',
        "Bearer =",
        "Bearer a=b",
        "Bearer abc.def.ghi",
        "Bearer " + "a" * 20_000,
        "Bearer {}",
        "Bearer \u00e4",
    ],
)
@pytest.mark.parametrize("path", ["/any", "/optional", "/scopes"])
def test_a_malformed_token_is_invalid_and_never_a_500(
    client: TestClient, path: str, value: str
) -> None:
    """Optional means that the token may be left out, not that it may be wrong."""
    answer = client.get(path, headers={b"Authorization": value.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == BAD_TOKEN
    assert answer.json()["error_code"] == "invalid_token"


@pytest.mark.std(26)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_matched_in_any_case(realm: Realm, scheme: str) -> None:
    """RFC 9110 11.1; several spaces after it are allowed too."""
    client = make_client(realm, make_app())
    token = realm.headers()["Authorization"].split()[1]
    for value in (f"{scheme} {token}", f"{scheme}   {token}"):
        assert client.get("/any", headers={"Authorization": value}).status_code == 200


@pytest.mark.std(30)
@pytest.mark.parametrize("value", ["Basic YTpi", "DPoP abc", "Bearerx abc", "Bearer-x abc", ""])
def test_another_scheme_is_no_token(client: TestClient, value: str) -> None:
    """It is not ours to judge, so the answer is the one to a stranger."""
    assert client.get("/any", headers={"Authorization": value}).status_code == 401
    answer = client.get("/any", headers={"Authorization": value})
    assert answer.headers["www-authenticate"] == NO_TOKEN
    assert client.get("/optional", headers={"Authorization": value}).json() == "a stranger"


@pytest.mark.std(28)
@pytest.mark.attack(20)
@pytest.mark.parametrize("path", ["/any", "/optional"])
def test_two_authorization_headers_are_refused(realm: Realm, path: str) -> None:
    """A proxy may have looked at one of them and this app at the other."""
    client = make_client(realm, make_app())
    good = realm.headers()["Authorization"]
    for pair in ((good, good), (good, "Basic YTpi"), ("Basic YTpi", good)):
        answer = client.get(path, headers=[("Authorization", value) for value in pair])
        assert answer.status_code == 400
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_request"'
        assert answer.json()["error_code"] == "invalid_request"


@pytest.mark.std(29, 35)
@pytest.mark.attack(20)
def test_a_token_in_the_query_or_the_body_is_not_seen(realm: Realm) -> None:
    """URLs end up in logs; a form body would need no preflight."""
    client = make_client(realm, make_app())
    token = realm.headers()["Authorization"].split()[1]
    for name in ("access_token", "token", "authorization"):
        answer = client.get("/any", params={name: token})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == NO_TOKEN
    answer = client.request("GET", "/any", data={"access_token": token})
    assert answer.headers["www-authenticate"] == NO_TOKEN


@pytest.mark.std(31)
def test_expired_revoked_and_foreign_tokens_read_alike(realm: Realm) -> None:
    """One body and one challenge, so that nobody learns which check failed."""
    clock = FakeClock()
    realm = Realm(clock=clock)
    client = make_client(realm, make_app())
    user = realm.add_user()
    revoked = realm.open_session(user)
    run(realm.kit.close_sid(revoked.session.sid, subject=user.id))
    other = Realm(clock=clock)
    foreign = other.open_session(other.add_user())
    expired = realm.open_session(user)
    clock.step(601)
    fresh = realm.open_session(user).access_token
    head, payload, signature = fresh.split(".")
    forged = ".".join((head, payload, signature[::-1]))
    answers = [
        client.get("/any", headers=bearer(token))
        for token in (
            revoked.access_token,
            foreign.access_token,
            expired.access_token,
            forged,
            revoked.refresh_token,
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {BAD_TOKEN}
    assert len({answer.content for answer in answers}) == 1
    assert client.get("/any", headers=bearer(fresh)).status_code == 200


@pytest.mark.std(32, 109)
def test_a_missing_scope_is_a_403_that_lists_what_is_needed(realm: Realm) -> None:
    """In the order in which the route's author wrote them; any_of lists all."""
    client = make_client(realm, make_app())
    answer = client.get("/scopes", headers=realm.headers(scopes=["a", "b"]))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == f'{FORBIDDEN}, scope="b a d c"'
    assert answer.json() == {
        "detail": "The access token lacks a scope.",
        "error_code": "insufficient_scope",
    }
    allowed = client.get("/scopes", headers=realm.headers("bob", scopes=["a", "b", "c"]))
    assert allowed.status_code == 200


@pytest.mark.std(32, 109)
@pytest.mark.parametrize("path", ["/roles", "/permissions"])
def test_a_missing_role_is_a_403_without_a_scope(realm: Realm, path: str) -> None:
    """There is no scope that the client could ask for."""
    client = make_client(realm, make_app())
    answer = client.get(path, headers=realm.headers(scopes=["admin", "archive"]))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == FORBIDDEN
    assert answer.json()["error_code"] == "access_denied"
    rights = {"roles": ["admin"], "permissions": ["archive"]}
    assert client.get(path, headers=realm.headers("bob", **rights)).status_code == 200


@pytest.mark.std(34)
def test_every_401_of_the_app_carries_a_challenge(client: TestClient) -> None:
    """A sweep over all routes, without a token and with a bad one."""
    seen = 0
    paths = client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method in operations:
            for headers in ({}, bearer("abc")):
                answer = client.request(method, path.replace("{sid}", "x"), headers=headers)
                if answer.status_code == 401:
                    seen += 1
                    assert answer.headers["www-authenticate"] in {NO_TOKEN, BAD_TOKEN}
    assert seen > 10


def test_the_principal_of_a_request_is_verified_once() -> None:
    """Two guards on one route share the verification, and the next request has its own."""
    realm = Realm()
    headers = realm.headers(scopes=["a"], roles=["r"])
    calls: list[str] = []
    verify = realm.auth._verify_fast

    def counted(raw: bytes) -> object:
        calls.append(raw)
        return verify(raw)

    realm.auth._verify_fast = counted  # type: ignore[assignment]
    router = APIRouter(dependencies=[Depends(require_scopes("a"))])

    @router.get("/twice")
    async def twice(principal: CurrentPrincipal, again: OptionalPrincipal) -> bool:
        return principal is again

    router.add_api_route("/thrice", twice, dependencies=[Depends(require_roles("r"))])
    app = FastAPI()
    app.include_router(router)
    client = make_client(realm, app)
    assert client.get("/thrice", headers=headers).json() is True
    assert len(calls) == 1
    assert client.get("/twice", headers=headers).json() is True
    assert len(calls) == 2
    assert client.get("/thrice").status_code == 401
