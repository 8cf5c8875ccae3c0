"""The example of a guarded app runs, and its test finds the route that nobody thought of."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

import doc_examples as examples

pytestmark = pytest.mark.usefixtures("development")


def test_a_stranger_gets_what_is_marked_and_nothing_else() -> None:
    """The route without a guard is closed all the same."""
    client = TestClient(examples.load("how_to/guard_every_route").app)
    assert client.get("/health").json() == "ok"
    assert client.get("/docs").status_code == 200
    assert client.get("/tasks").status_code == 401
    assert client.delete("/tasks").status_code == 401


def test_the_test_of_the_page_names_the_forgotten_route() -> None:
    """With the file and the line."""
    module = examples.load("how_to/guard_every_route_test")
    with pytest.raises(AssertionError, match=r"DELETE /tasks .*how_to/guard_every_route\.py:\d+"):
        module.test_no_route_was_forgotten()


def test_a_payout_asks_for_a_fresh_login() -> None:
    """A stranger is a stranger; a login of this moment will do."""
    client = TestClient(examples.load("how_to/step_up").app)
    assert client.post("/payout").status_code == 401
    person = {"username": "ann", "password": "correct horse battery staple"}
    client.post("/auth/register", json=person)
    token = client.post("/auth/login", json=person).json()["access_token"]
    answer = client.post("/payout", headers={"Authorization": f"Bearer {token}"})
    assert answer.json().startswith("paid to ")
