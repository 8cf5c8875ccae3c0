# --8<-- [start:act]
import pytest
from fastapi.testclient import TestClient
from fastapi_jwtkit.testing.acting import acting_as
from fastapi_jwtkit.testing.guarded import assert_all_guarded
from fastapi_jwtkit.testing.tokens import FORGERIES, ForgeryName, forge
from tutorial.policies import app

client = TestClient(app)


def test_a_note_is_its_owners() -> None:
    with acting_as(app, "ann"):
        number = client.post("/notes?text=milk").json()
        assert client.get(f"/notes/{number}").json() == "milk"
    with acting_as(app, "bob"):
        assert client.get(f"/notes/{number}").status_code == 404


# --8<-- [end:act]
# --8<-- [start:refused]
def test_only_an_editor_clears() -> None:
    with acting_as(app, "ann", scopes=["tasks:write"]):
        assert client.delete("/notes").status_code == 403
    with acting_as(app, "eve", scopes=["tasks:write"], roles=["editor"]):
        assert client.delete("/notes").status_code == 200


def test_an_editor_of_yesterday_logs_in_again() -> None:
    with acting_as(app, "eve", scopes=["tasks:write"], roles=["editor"], auth_time=1):
        assert client.delete("/notes").status_code == 401


# --8<-- [end:refused]
# --8<-- [start:strangers]
def test_a_stranger_reads_nothing() -> None:
    assert client.get("/notes/0").status_code == 401


# --8<-- [end:strangers]
# --8<-- [start:forge]
@pytest.mark.parametrize("name", FORGERIES)
def test_no_forged_token_adds_a_note(name: ForgeryName) -> None:
    headers = {"Authorization": f"Bearer {forge(app, name)}"}
    assert client.post("/notes?text=mine", headers=headers).status_code == 401


# --8<-- [end:forge]
# --8<-- [start:guarded]
def test_no_route_was_forgotten() -> None:
    assert_all_guarded(app, public_docs=True)


# --8<-- [end:guarded]
