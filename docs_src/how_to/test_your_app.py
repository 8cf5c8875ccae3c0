from fastapi.testclient import TestClient
from fastapi_jwtkit import Principal
from fastapi_jwtkit.web.guards import current_principal
from quickstart import app

client = TestClient(app)


# --8<-- [start:test]
def test_a_reader_lists_tasks() -> None:
    ann = Principal(subject="ann", scopes=frozenset({"tasks:read"}))
    app.dependency_overrides[current_principal] = lambda: ann
    assert client.get("/tasks").json() == ["tasks of ann"]


# --8<-- [end:test]
