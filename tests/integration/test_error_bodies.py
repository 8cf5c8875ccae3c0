"""Who renders which error: ours, the app's own, and ``error_bodies="app"``."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from fastapi_jwtkit import CurrentPrincipal, JWTKitError
from fastapi_jwtkit.errors import MissingKeyError, SessionNotFoundError, ThrottledError
from web_kits import Realm, make_client


class Item(BaseModel):
    """A body that can fail to validate."""

    price: int


def make_app() -> FastAPI:
    """Return an app whose routes fail in every way."""
    app = FastAPI()

    @app.get("/guarded")
    async def guarded(principal: CurrentPrincipal) -> str:
        return principal.subject

    @app.post("/items")
    async def items(item: Item) -> int:
        return item.price

    @app.get("/raise/{what}")
    async def fail(what: str) -> None:
        raise {
            "kit": SessionNotFoundError("gone"),
            "throttled": ThrottledError(7),
            "configuration": MissingKeyError("the key is in /etc/secret"),
            "crash": RuntimeError("SELECT password FROM users"),
            "teapot": HTTPException(418, "short and stout", {"X-Pot": "tea"}),
            "odd": HTTPException(499, {"structured": True}),
            "empty": HTTPException(304),
            "large": HTTPException(413),
        }[what]

    return app


@pytest.mark.attack(20)
def test_install_leaves_the_apps_own_errors_as_they_are() -> None:
    """By default only what is ours speaks our way."""
    client = make_client(Realm(), make_app())
    assert client.get("/guarded").json()["error_code"] == "not_authenticated"
    assert client.get("/nowhere").json() == {"detail": "Not Found"}
    invalid = client.post("/items", json={"price": "x"}).json()
    assert set(invalid) == {"detail"}
    assert client.post("/auth/login", json={}).json()["error_code"] == "validation_error"


@pytest.mark.std(25)
@pytest.mark.attack(20)
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/items", 405, "method_not_allowed"),
        ("GET", "/raise/large", 413, "content_too_large"),
        ("GET", "/raise/teapot", 418, "im_a_teapot"),
        ("GET", "/raise/odd", 499, "error"),
        ("GET", "/raise/kit", 404, "session_not_found"),
        ("GET", "/raise/throttled", 429, "too_many_requests"),
        ("GET", "/raise/configuration", 500, "server_error"),
        ("GET", "/raise/crash", 500, "server_error"),
        ("GET", "/guarded", 401, "not_authenticated"),
        ("POST", "/auth/login", 422, "validation_error"),
    ],
)
def test_the_whole_app_can_speak_one_schema(method: str, path: str, status: int, code: str) -> None:
    """404, 405, 413, 422 and 500 included; nothing inside leaks."""
    client = make_client(Realm(), make_app(), error_bodies="app")
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error_code"] == code
    assert "detail" in answer.json()
    assert "secret" not in answer.text
    assert "SELECT" not in answer.text


def test_headers_of_an_answer_are_kept() -> None:
    """A 405 names what is allowed, a 429 when to come back."""
    client = make_client(Realm(), make_app(), error_bodies="app")
    assert client.delete("/items").headers["allow"] == "POST"
    assert client.get("/raise/throttled").headers["retry-after"] == "7"
    assert client.get("/raise/teapot").headers["x-pot"] == "tea"
    assert client.get("/raise/empty").content == b""


@pytest.mark.attack(20)
def test_a_422_of_the_app_never_echoes_the_input() -> None:
    """Neither the value nor its context."""
    client = make_client(Realm(), make_app(), error_bodies="app")
    answer = client.post("/items", json={"price": "a-secret"})
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "The request is not valid.",
        "error_code": "validation_error",
        "errors": [
            {
                "loc": ["body", "price"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "type": "int_parsing",
            }
        ],
    }


@pytest.mark.parametrize("what", ["configuration", "crash"])
def test_a_500_reaches_the_server_with_its_stack(what: str) -> None:
    """What the client must not see, the log must."""
    app = make_app()
    Realm().auth.install(app, error_bodies="app")
    with pytest.raises((RuntimeError, MissingKeyError)):
        TestClient(app).get(f"/raise/{what}")


async def _theirs(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"theirs": True}, status_code=499)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("bodies", ["kit", "app"])
def test_a_handler_of_the_app_stays_in_force(when: str, bodies: Any) -> None:
    """For the app's own errors; ours are a class of their own, which comes first."""
    app = make_app()
    realm = Realm()
    if when == "after":
        realm.auth.install(app, error_bodies=bodies)
    for theirs in (HTTPException, RequestValidationError, RuntimeError, JWTKitError):
        app.add_exception_handler(theirs, _theirs)
    from starlette.exceptions import HTTPException as StarletteHTTPException  # noqa: PLC0415

    app.add_exception_handler(StarletteHTTPException, _theirs)
    if when == "before":
        realm.auth.install(app, error_bodies=bodies)
    client = TestClient(app)
    for path in ("/nowhere", "/raise/teapot", "/raise/kit", "/raise/crash"):
        assert client.get(path).json() == {"theirs": True}, path
    assert client.post("/items", json={}).json() == {"theirs": True}
    assert client.get("/guarded").json()["error_code"] == "not_authenticated"
    assert client.post("/auth/token", data={}).json()["error"] == "invalid_request"
    assert client.post("/auth/login", json={}).json()["error_code"] == "validation_error"


def test_a_handler_by_status_comes_before_ours() -> None:
    """Starlette asks it first: the app has the last word on a status."""
    app = make_app()
    app.add_exception_handler(401, _theirs)
    assert make_client(Realm(), app).get("/guarded").json() == {"theirs": True}


@pytest.mark.std(23)
@pytest.mark.attack(20)
def test_nothing_secret_is_logged_on_the_way(caplog: pytest.LogCaptureFixture) -> None:
    """Passwords and tokens of a whole journey, at DEBUG."""
    caplog.set_level(logging.DEBUG)
    realm = Realm()
    client = make_client(realm, make_app(), error_bodies="app")
    body = {"username": "ann", "password": "a rather long password"}
    client.post("/auth/register", json=body)
    tokens = client.post("/auth/login", json=body).json()
    client.post("/auth/login", json={**body, "password": "another-wrong-password"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    client.get("/guarded", headers=headers)
    newer = client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).json()
    client.post("/auth/logout", headers=headers)
    client.get("/guarded", headers=headers)
    client.post("/auth/refresh", json={"refresh_token": newer["refresh_token"]})
    # The name of a login may be logged, what proves it may not.
    for secret in (
        body["password"],
        "another-wrong-password",
        tokens["access_token"].split(".")[2],
        tokens["refresh_token"][4:],
        newer["refresh_token"][4:],
    ):
        assert secret not in caplog.text
        assert all(secret not in str(vars(record)) for record in caplog.records)
