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
