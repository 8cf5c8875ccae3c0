"""Who is logged in with a token of another library comes along, once and by that token alone."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient

import doc_examples as examples

PERSON = {"username": "ann", "password": "correct horse battery staple"}
SECRET = secrets.token_hex(32)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Return the module of the page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JWTKIT_ENV", "dev")
    monkeypatch.setenv("OLD_JWT_SECRET", SECRET)
    monkeypatch.setenv("OLD_TOKENS_END", "9999-01-01T00:00:00+00:00")
    return examples.load("how_to/move_over")


@pytest.fixture
def client(example: ModuleType) -> TestClient:
    """Return a client of its application, in which ann has an account."""
    client = TestClient(example.app)
    assert client.post("/auth/register", json=PERSON).status_code == 201
    return client


def old_token(secret: str = SECRET, **claims: Any) -> str:
    """Return a token as FastAPI's tutorial makes them; a claim that is ``None`` is left out."""
    said = {"sub": "ann", "exp": time.time() + 600, **claims}
    return jwt.encode({k: v for k, v in said.items() if v is not None}, secret, algorithm="HS256")


def move(client: TestClient, token: str) -> tuple[int, dict[str, str]]:
    """Trade a token and return what came of it."""
    answer = client.post("/auth/move", json={"token": token})
    return answer.status_code, answer.json()


def test_an_old_token_becomes_a_session_that_refreshes(client: TestClient) -> None:
    """And is good for one."""
    token = old_token()
    status, pair = move(client, token)
    assert status == 200
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/auth/me", headers=headers).json()["username"] == "ann"
    refreshed = client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 200
    assert move(client, token)[0] == 400
    assert len(client.get("/auth/sessions", headers=headers).json()) == 1


@pytest.mark.parametrize(
    "token",
    [
        old_token(secrets.token_hex(32)),
        old_token(exp=time.time() - 1),
        old_token(exp=None),
        old_token(sub="bob"),
        old_token(aud="another-service"),
        jwt.encode({"sub": "ann", "exp": time.time() + 600}, SECRET * 2, algorithm="HS512"),
        jwt.encode({"sub": "ann", "exp": time.time() + 600}, None, algorithm="none"),
        "nonsense",
    ],
    ids=["forged", "expired", "endless", "unknown", "audience", "algorithm", "none", "nonsense"],
)
def test_what_is_no_token_of_the_old_library_is_traded_for_nothing(
    client: TestClient, token: str
) -> None:
    """One answer for all of them."""
    status, body = move(client, token)
    assert (status, body["detail"]) == (400, "Log in again.")


def test_the_trade_ends_on_the_day_that_was_set(
    example: ModuleType, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However good the token is."""
    token = old_token()
    with monkeypatch.context() as later:
        later.setattr(example, "OLD_TOKENS_END", datetime.now(UTC))
        assert move(client, token)[0] == 400
    assert move(client, token)[0] == 200


def test_a_disabled_user_gets_nothing(example: ModuleType, client: TestClient) -> None:
    """The old library may have known nothing of it."""
    kit = example.auth.kit
    user = asyncio.run(kit.users.find_by_login("ann"))
    assert asyncio.run(kit.accounts.disable(user.id))
    assert move(client, old_token())[0] == 401
