"""The examples for pages and for mobile apps run."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

import doc_examples as examples

PERSON = {"username": "ann", "password": "correct horse battery staple"}


pytestmark = pytest.mark.usefixtures("development")


def test_a_browser_keeps_its_tokens_in_cookies() -> None:
    """The test of the page passes, and so does the login of one's own."""
    example = examples.load("how_to/cookies")
    examples.load("how_to/cookies_test").test_a_page_writes_a_note()
    client = TestClient(example.app, base_url="https://testserver")
    client.post("/auth/register", json={**PERSON, "username": "guest"})
    foreign = client.post("/guest", headers={"Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, len(client.cookies)) == (403, 0)
    assert client.post("/guest").status_code == 200
    assert client.get("/auth/me").json()["username"] == "guest"


def test_an_app_keeps_its_tokens_until_they_are_refused() -> None:
    """It refreshes once where the access token is dead, and logs in again after a 400."""
    client = TestClient(examples.load("tutorial/scopes").app)
    client.post("/auth/register", json=PERSON)
    tokens = client.post("/auth/login", json=PERSON).json()
    api = examples.load("how_to/mobile").Api(client, {**tokens, "access_token": "no.to.ken"})
    assert api.get("/tasks").status_code == 200
    assert api.tokens["refresh_token"] != tokens["refresh_token"]
    client.post("/auth/logout", headers={"Authorization": f"Bearer {api.tokens['access_token']}"})
    assert api.get("/tasks").status_code == 401
    assert api.tokens == {}
