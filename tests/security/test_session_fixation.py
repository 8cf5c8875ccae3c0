"""No login goes on with a session that was there before it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from web_kits import PASSWORD, Realm, bearer, is_alive, log_in, make_client

LOGIN = {"username": "ann", "password": PASSWORD}


def session_of(client: TestClient, tokens: dict[str, Any]) -> str:
    """Return the id of the session that a login opened."""
    answer = client.get("/auth/me", headers=bearer(tokens["access_token"]))
    sid: str = answer.json()["session_id"]
    return sid


@pytest.mark.std(101)
def test_each_login_is_a_session_that_nobody_could_name_before() -> None:
    """Whatever the request brings along: an id, tokens of another session, or a cookie."""
    realm = Realm()
    realm.add_user()
    realm.add_user("mallory")
    client = make_client(realm)
    planted = log_in(client, "mallory")
    sid = session_of(client, planted)
    brought: tuple[dict[str, Any], ...] = (
        {"json": {**LOGIN, "sid": sid, "session_id": sid}},
        {"json": {**LOGIN, "refresh_token": planted["refresh_token"]}},
        {"json": LOGIN, "headers": bearer(planted["access_token"])},
        {"json": LOGIN, "headers": {"Cookie": f"sid={sid}; session={sid}"}},
    )
    sessions = {sid}
    for each in brought:
        answer = client.post("/auth/login", **each)
        assert answer.status_code == 200
        assert answer.json()["refresh_token"] != planted["refresh_token"]
        sessions.add(session_of(client, answer.json()))
    assert len(sessions) == len(brought) + 1
    assert is_alive(client, planted)
