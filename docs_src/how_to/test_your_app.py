from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from fastapi_jwtkit import Principal, current_principal
from quickstart import app

client = TestClient(app)


@pytest.fixture(autouse=True)
def _nobody_stays_logged_in() -> Iterator[None]:
    yield
    app.dependency_overrides.clear()


# --8<-- [start:test]
def test_a_reader_lists_tasks() -> None:
    ann = Principal(subject="ann", scopes=frozenset({"tasks:read"}))
    app.dependency_overrides[current_principal] = lambda: ann
    assert client.get("/tasks").json() == ["tasks of ann"]


# --8<-- [end:test]


def test_a_stranger_is_refused() -> None:
    assert client.get("/tasks").status_code == 401
