"""The token endpoint to the letter of RFC 6749 3.2, 5.1 and 5.2."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from clocks import FakeClock
from web_kits import PASSWORD, Realm, log_in, make_client, refuse

FORM = "application/x-www-form-urlencoded"
SWAGGER = {"username": "ann", "password": PASSWORD}


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock to step."""
    return FakeClock()


@pytest.fixture
def realm(clock: FakeClock) -> Realm:
    """Return a realm with one user, who holds two scopes."""
    realm = Realm(clock=clock)
    realm.add_user(scopes=["tasks:read", "tasks:write"])
    return realm


@pytest.fixture
def client(realm: Realm) -> TestClient:
    """Return a client of an app with that realm."""
    return make_client(realm)


@pytest.mark.std(1, 2)
@pytest.mark.parametrize("path", ["/auth/token", "/auth/login", "/auth/refresh"])
def test_a_token_answer_has_the_members_of_the_standard_and_is_never_cached(
    client: TestClient, path: str
) -> None:
    """RFC 6749 5.1."""
    if path == "/auth/token":
        answer = client.post(path, data={"grant_type": "password", **SWAGGER})
    elif path == "/auth/login":
        answer = client.post(path, json=SWAGGER)
    else:
        answer = client.post(path, json={"refresh_token": log_in(client)["refresh_token"]})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert body["token_type"] == "Bearer"
    assert isinstance(body["expires_in"], int)
    assert 0 < body["expires_in"] <= 600
    assert body["scope"] == "tasks:read tasks:write"


@pytest.mark.std(2)
def test_a_token_without_scopes_has_no_scope_member() -> None:
    """RFC 6749 A.4: a scope has at least one token."""
    realm = Realm()
    realm.add_user()
    assert "scope" not in log_in(make_client(realm))


@pytest.mark.std(14)
def test_swaggers_form_without_a_grant_type_works(client: TestClient) -> None:
    """FastAPI's own form allows it, and so does Swagger's Authorize with empty Basic."""
    swagger = {"Authorization": "Basic Og=="}
    assert client.post("/auth/token", data=SWAGGER, headers=swagger).status_code == 200
    assert client.post("/auth/token", data={"grant_type": "", **SWAGGER}).status_code == 200


@pytest.mark.std(14)
def test_the_password_form_can_be_switched_off() -> None:
    """RFC 9700 2.4: the grant is for first-party clients and Swagger only."""
    realm = Realm(swagger_login=False)
    realm.add_user()
    client = make_client(realm)
    refuse(
        client.post("/auth/token", data={"grant_type": "password", **SWAGGER}),
        "unsupported_grant_type",
    )
    tokens = log_in(client)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert client.post("/auth/token", data=form).status_code == 200
    schemes = client.get("/openapi.json").json()["components"]["securitySchemes"]
    assert schemes == {"JWTKit": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}


@pytest.mark.std(3, 4)
@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("", FORM),
        ("grant_type=refresh_token", FORM),
        ("grant_type=password&username=ann", FORM),
        ("grant_type=refresh_token&refresh_token=", FORM),
        ("grant_type=refresh_token&refresh_token=a&refresh_token=a", FORM),
        ("grant_type=password&grant_type=password&username=a&password=b", FORM),
        ("scope=a&scope=b&username=a&password=b", FORM),
        ("grant_type=refresh_token&refresh_token=%ff%fe", FORM),
        ("grant_type=refresh_token&refresh_token=" + "a" * 5_000, FORM),
        ("&".join(f"x{n}=1" for n in range(100)), FORM),
        ('{"grant_type": "password", "username": "ann", "password": "p"}', "application/json"),
        ("--x\r\nbroken", "multipart/form-data; boundary=x"),
        ("username=ann&password=secret-word", "text/plain"),
    ],
)
def test_a_malformed_token_request_is_a_400_that_echoes_nothing(
    client: TestClient, content: str, media_type: str
) -> None:
    """RFC 6749 5.2: ``invalid_request``, not FastAPI's 422 with the password in it."""
    answer = client.post("/auth/token", content=content, headers={"Content-Type": media_type})
    refuse(answer, "invalid_request")
    assert "secret" not in answer.text
    assert "ann" not in answer.text


@pytest.mark.std(4)
@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"refresh_token": ""}', '{"refresh_token": 7}', '"jkr_secret"'],
)
def test_a_malformed_refresh_is_a_400_that_echoes_nothing(client: TestClient, content: str) -> None:
    """The JSON twin of the token endpoint speaks the same errors."""
    answer = client.post(
        "/auth/refresh", content=content, headers={"Content-Type": "application/json"}
    )
    refuse(answer, "invalid_request")
    assert "secret" not in answer.text


@pytest.mark.std(6)
@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code", "PASSWORD", "x"])
def test_an_unknown_grant_type_is_named_so(client: TestClient, grant: str) -> None:
    """RFC 6749 5.2."""
    refuse(
        client.post("/auth/token", data={"grant_type": grant, **SWAGGER}),
        "unsupported_grant_type",
    )


@pytest.mark.std(9)
def test_parameters_in_the_query_are_never_read(client: TestClient) -> None:
    """RFC 6749 3.2: only POST, only the body."""
    tokens = log_in(client)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refuse(client.post("/auth/token", params=form), "invalid_request")
    refuse(
        client.post("/auth/token", params=SWAGGER, headers={"Content-Type": FORM}),
        "invalid_request",
    )
    for path in ("/auth/token", "/auth/login", "/auth/refresh", "/auth/logout"):
        answer = client.get(path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


@pytest.mark.std(10)
def test_unknown_parameters_are_ignored_and_empty_ones_left_out(client: TestClient) -> None:
    """RFC 6749 3.2."""
    form = {**SWAGGER, "foo": "1", "scope": "", "client_id": "", "client_secret": ""}
    assert client.post("/auth/token", data=form).json()["scope"] == "tasks:read tasks:write"
    assert client.post("/auth/token", data={**SWAGGER, "scope": "  "}).status_code == 200
    repeated = "username=ann&foo=1&foo=2&password=" + PASSWORD.replace(" ", "+")
    headers = {"Content-Type": FORM + "; charset=utf-8"}
    assert client.post("/auth/token", content=repeated, headers=headers).status_code == 200


@pytest.mark.std(4)
def test_only_the_clients_own_id_is_accepted(client: TestClient) -> None:
    """An id that nobody registered must not end up in a token."""
    form = {**SWAGGER, "client_id": "first-party"}
    assert client.post("/auth/token", data=form).status_code == 200
    refuse(client.post("/auth/token", data={**SWAGGER, "client_id": "other"}), "invalid_request")


@pytest.mark.std(5)
@pytest.mark.attack(15)
def test_wrong_credentials_are_an_invalid_grant_at_token_and_a_401_at_login(
    client: TestClient,
) -> None:
    """RFC 6749 5.2 there, what first-party clients expect here; one body for all causes."""
    bodies: set[bytes] = set()
    for wrong in ({"username": "nobody"}, {"password": "wrong"}, {"username": "\u200bann"}):
        answer = client.post("/auth/token", data={**SWAGGER, **wrong})
        refuse(answer, "invalid_grant")
        bodies.add(answer.content)
        answer = client.post("/auth/login", json={**SWAGGER, **wrong})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {
            "detail": "The username or password is wrong.",
            "error_code": "invalid_credentials",
        }
    assert len(bodies) == 1
