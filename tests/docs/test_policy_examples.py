"""The policies of the page decide as it says, in front of routes and in them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

import doc_examples as examples
from fastapi_jwtkit import Principal, current_principal

pytestmark = pytest.mark.usefixtures("development")


def test_an_endpoint_asks_about_the_task_it_read() -> None:
    """403 with the one text, and the task stays."""
    module = examples.load("how_to/policies")
    client = TestClient(module.app)
    module.tasks |= {"1": module.Task("ann"), "2": module.Task("ann", locked=True)}
    module.app.dependency_overrides[current_principal] = lambda: Principal(subject="ann")
    assert client.delete("/tasks/3").status_code == 404
    assert client.delete("/tasks/1").status_code == 200
    refused = client.delete("/tasks/2")
    assert (refused.status_code, refused.json()["error_code"]) == (403, "access_denied")
    assert "is_locked" not in refused.text
    assert list(module.tasks) == ["2"]


def test_a_guard_asks_a_policy() -> None:
    """An admin who logged in an hour ago has to come again."""
    module = examples.load("how_to/policies")
    client, app = TestClient(module.app), module.app
    asked = Principal(subject="ann", scopes=frozenset({"tasks:admin"}), auth_time=0)
    app.dependency_overrides[current_principal] = lambda: asked
    refused = client.delete("/tasks")
    assert refused.status_code == 401
    assert 'max_age="600"' in refused.headers["www-authenticate"]
    asked = replace(asked, auth_time=int(time.time()))
    assert client.delete("/tasks").status_code == 200


def test_the_table_of_the_page_holds() -> None:
    """It runs as a reader's test would."""
    examples.load("how_to/policies_test").test_who_may_change_a_task()
