"""What holds for every route: errors, documentation, headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from examples.todo.app.api.v1.errors import ANSWERS
from examples.todo.app.core.config import TodoSettings
from examples.todo.app.core.database import Database
from examples.todo.app.main import create_app
from examples.todo.app.services.errors import TodoError
from examples.todo.tests.people import Person
from fastapi_jwtkit import public

OPEN = {"/health", "/health/ready"}
SCOPES = {
    "list_tasks": ["tasks:read"],
    "create_task": ["tasks:write"],
    "read_task": ["tasks:read"],
    "replace_task": ["tasks:write"],
    "change_task": ["tasks:write"],
    "delete_task": ["tasks:write"],
    "complete_task": ["tasks:write"],
    "list_everyones_tasks": ["tasks:admin"],
    "read_profile": [],
    "change_profile": [],
}
ERRORS = {
    "list_tasks": {"401", "403", "422", "503"},
    "create_task": {"401", "403", "422", "503"},
    "read_task": {"401", "403", "404", "422", "503"},
    "replace_task": {"401", "403", "404", "412", "422", "428", "503"},
    "change_task": {"401", "403", "404", "412", "422", "503"},
    "delete_task": {"401", "403", "404", "412", "422", "503"},
    "complete_task": {"401", "403", "404", "412", "422", "503"},
    "list_everyones_tasks": {"401", "403", "422", "503"},
    "read_profile": {"401", "503"},
    "change_profile": {"401", "422", "503"},
}


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of each operation of the application itself."""
    for path, methods in app.openapi()["paths"].items():
        if path.startswith(("/api/", "/health")):
            for method, operation in methods.items():
                yield path, method, operation


@pytest.mark.spec("T-39")
def test_openapi_states_everything_about_every_operation(settings: TodoSettings) -> None:
    """Summary, tag, unique id, scopes, and the error answers in the one schema."""
    seen = []
    for path, _, operation in operations(create_app(settings)):
        seen.append(operation["operationId"])
        assert operation["summary"]
        assert operation["tags"]
        if path in OPEN:
            assert "security" not in operation
            continue
        ((scopes,),) = [item.values() for item in operation["security"]]
        assert scopes == SCOPES[operation["operationId"]]
        errors = {status for status in operation["responses"] if status >= "4"}
        assert errors == ERRORS[operation["operationId"]]
        for status in errors:
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            name = "JWTKitValidationErrorBody" if status == "422" else "JWTKitErrorBody"
            assert schema == {"$ref": f"#/components/schemas/{name}"}
    assert sorted(seen) == sorted([*SCOPES, "health", "ready"])


@pytest.mark.spec("T-39")
def test_openapi_states_the_limits_of_what_is_sent(settings: TodoSettings) -> None:
    """A client that is made from it sends what is taken; only a due time may be null."""
    schemas = create_app(settings).openapi()["components"]["schemas"]
    for name in ("TaskContent", "TaskChanges"):
        properties = schemas[name]["properties"]
        assert schemas[name]["additionalProperties"] is False
        assert (properties["title"]["minLength"], properties["title"]["maxLength"]) == (1, 200)
        assert properties["description"]["maxLength"] == 10_000
        assert properties["tags"]["items"]["maxLength"] == 50
        assert {"type": "null"} in properties["due_at"]["anyOf"]
        nullable = [field for field, schema in properties.items() if "anyOf" in schema]
        assert nullable == ["due_at"]
    assert "required" not in schemas["TaskChanges"]


@pytest.mark.spec("T-40", "T-1")
async def test_only_the_health_routes_are_open(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Every operation that the schema knows is asked, without a token."""
    for path, method, _ in operations(app):
        response = await client.request(method, path)
        assert response.status_code == (200 if path in OPEN else 401), path


@pytest.mark.spec("T-38")
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/tasks", 405, "method_not_allowed"),
        ("GET", "/tasks/x", 422, "validation_error"),
        ("GET", "/admin/tasks", 403, "insufficient_scope"),
    ],
)
async def test_every_error_has_the_one_body(
    ada: Person, method: str, path: str, status: int, code: str
) -> None:
    """The framework's own included; a 405 keeps saying what is allowed."""
    response = await ada.send(method, path)
    assert (response.status_code, response.json()["error_code"]) == (status, code)
    assert isinstance(response.json()["detail"], str)
    assert ("Allow" in response.headers) == (status == 405)


@pytest.mark.spec("T-38")
def test_everything_that_services_refuse_has_an_answer() -> None:
    """One row for each class, and no two classes under one code."""
    assert set(ANSWERS) == set(TodoError.__subclasses__())
    assert len({answer.error_code for answer in ANSWERS.values()}) == len(ANSWERS)


@pytest.mark.spec("T-38")
@pytest.mark.parametrize("failure", [OperationalError, PoolTimeoutError])
async def test_a_database_that_fails_is_no_internal_error(
    ada: Person, app: FastAPI, failure: type[Exception]
) -> None:
    """503 with a time to try again, and not a word of SQL."""

    @app.get("/fails", dependencies=[Depends(public(reason="for this test"))])
    async def fails() -> None:
        if failure is OperationalError:
            raise OperationalError("SELECT secret", {}, Exception("secret"))
        raise PoolTimeoutError("secret")

    response = await ada.client.get("/fails")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json()["error_code"] == "temporarily_unavailable"
    assert "secret" not in response.text


@pytest.mark.spec("T-38", "P-13")
async def test_a_missing_table_is_503_for_tasks_and_for_logins(
    ada: Person, app: FastAPI, tmp_path: object
) -> None:
    """A database that cannot answer neither refuses a login nor logs anybody out."""
    del tmp_path
    database: Database = app.state.database
    login = {"username": "ada", "password": "a password of some length"}
    async with database.sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("DROP TABLE task_tags")
        await connection.exec_driver_sql("DROP TABLE tasks")
        await connection.exec_driver_sql("DROP TABLE users")
    tasks, answer = await asyncio.gather(
        ada.send("GET", "/tasks"), ada.client.post("/auth/login", json=login)
    )
    for response in (tasks, answer):
        assert response.status_code == 503
        assert response.json()["error_code"] == "temporarily_unavailable"


@pytest.mark.spec("T-41")
async def test_every_answer_carries_the_security_headers(ada: Person) -> None:
    """Errors and the kit's own routes included; what is stored is asked for again."""
    made = await ada.send("POST", "/tasks", body={"title": "x"})
    answers = [
        await ada.client.get("/health"),
        await ada.client.get("/nowhere"),
        await ada.client.post("/auth/login", json={}),
        await ada.client.get("/.well-known/jwks.json"),
        await ada.send("GET", "/tasks"),
        made,
    ]
    for response in answers:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert len(response.headers.get_list("Cache-Control")) == 1
        assert "Strict-Transport-Security" not in response.headers
    assert made.headers["Cache-Control"] == "private, no-cache"
    assert answers[-2].headers["Cache-Control"] == "no-store"
    assert "max-age" in answers[3].headers["Cache-Control"]


@pytest.mark.spec("T-41")
@pytest.mark.parametrize(
    ("public_url", "env", "sent"),
    [
        ("https://todo.test", "dev", True),
        ("http://todo.test", "dev", False),
        ("http://todo.test", "prod", True),
        ("", "dev", False),
    ],
)
async def test_hsts_is_sent_where_https_is(
    settings: TodoSettings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    public_url: str,
    env: str,
    sent: bool,
) -> None:
    """And in production, where nothing else should be."""
    monkeypatch.setenv("TODO_PUBLIC_URL", public_url)
    monkeypatch.setenv("JWTKIT_ENV", env)
    monkeypatch.setenv("JWTKIT_ISSUER", "https://todo.test")
    app = create_app(TodoSettings(database_url=settings.database_url))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://todo.test") as client:
        response = await client.get("/health")
    assert ("Strict-Transport-Security" in response.headers) is sent
