"""The examples of policies, of step-ups and of live connections run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import doc_examples as examples

PERSON = {"username": "ann", "password": "correct horse battery staple"}


@pytest.fixture(autouse=True)
def _development(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run as the pages say: in development mode, in a directory of one's own."""
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("JWTKIT_DEFAULT_SCOPES", "tasks:read tasks:write")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(examples.SOURCES))


def enter(client: TestClient, login: str = "ann") -> dict[str, str]:
    """Register somebody, log them in, and return the header that says so."""
    person = {**PERSON, "username": login}
    assert client.post("/auth/register", json=person).status_code == 201
    return bearer(client.post("/auth/login", json=person).json())


def bearer(pair: dict[str, Any]) -> dict[str, str]:
    """Return the header of a pair."""
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_a_note_is_its_owners() -> None:
    """To others it reads like one that is not there."""
    client = TestClient(examples.load("tutorial/policies").app)
    ann, bob = enter(client), enter(client, "bob")
    assert client.post("/notes", params={"text": "milk"}, headers=ann).json() == 0
    assert client.get("/notes/0", headers=ann).json() == "milk"
    theirs, nobodys = (client.get(f"/notes/{number}", headers=bob) for number in (0, 7))
    assert theirs.status_code == 404
    assert theirs.content == nobodys.content
    change = {"params": {"text": "bread"}, "headers": bob}
    assert client.put("/notes/0", **change).status_code == 403
    assert client.put("/notes/0", **{**change, "headers": ann}).status_code == 200
    assert client.delete("/notes", headers=ann).status_code == 403
    assert list(client.get("/count", headers=bob).json().values()) == [1]


def test_the_truth_table_of_the_tutorial_holds() -> None:
    """Each line of it."""
    module = examples.load("tutorial/policies_test")
    (mark,) = module.test_who_may_do_what.pytestmark
    names = mark.args[0]
    for case in mark.args[1]:
        module.test_who_may_do_what(**dict(zip(names, case, strict=True)))
    assert len(mark.args[1]) == 4


def test_a_payment_wants_a_recent_login_and_a_payout_a_second_factor() -> None:
    """The step-up of the page, and the route of one's own."""
    client = TestClient(examples.load("how_to/step_up").app)
    headers = enter(client)
    assert client.post("/payments", headers=headers).json() == "paid"
    answer = client.post("/auth/step-up", json={"password": PERSON["password"]}, headers=headers)
    assert client.post("/payments", headers=headers).status_code == 401
    headers = bearer(answer.json())
    assert client.delete("/company", headers=headers).json() == "closed"
    refused = client.post("/payouts", headers=headers)
    assert 'acr_values="urn:shop:mfa"' in refused.headers["www-authenticate"]
    assert client.post("/second-factor?code=1", headers=headers).status_code == 400
    strong = bearer(client.post("/second-factor?code=123456", headers=headers).json())
    assert client.post("/payouts", headers=strong).status_code == 200
    assert client.post("/payments", headers=headers).status_code == 401


def test_a_chat_and_a_stream_are_served() -> None:
    """To those who may."""
    client = TestClient(examples.load("how_to/live_connections").app)
    headers = enter(client)
    with client.websocket_connect("/chat", headers=headers) as socket:
        socket.send_text("hello")
        assert socket.receive_text().endswith(": hello")
    body = client.get("/changes", headers=headers).text
    assert body == "data: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_a_scope_stands_for_others_where_a_rule_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nowhere else."""
    monkeypatch.setenv("JWTKIT_DEFAULT_SCOPES", "tasks")
    client = TestClient(examples.load("how_to/scope_rules").app)
    assert client.get("/tasks", headers=enter(client)).status_code == 200
