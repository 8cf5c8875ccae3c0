"""What a stranger sends cannot write lines into the log."""

from __future__ import annotations

import logging

import pytest
from fastapi.testclient import TestClient

from token_forge import forge, good_claims
from web_kits import Realm, bearer, log_in, make_client

LINE = "x\r\nCRITICAL:fastapi_jwtkit:made-up-line\x1b[31m"


@pytest.fixture
def client() -> TestClient:
    """Return a client of a realm with one user."""
    realm = Realm()
    realm.add_user()
    return make_client(realm)


@pytest.mark.std(44)
@pytest.mark.attack(20)
@pytest.mark.parametrize("place", ["kid", "alg", "typ", "iss", "sub", "sid"])
def test_nothing_of_a_forged_token_is_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """Not its header and not its claims, neither where it is used nor where it logs out."""
    header = {"alg": "ES256", "kid": "1", "typ": "at+jwt"}
    claims = good_claims()
    (header if place in header else claims)[place] = LINE  # type: ignore[index]  # either
    token = forge(header, claims, lambda _: b"0" * 64)
    with caplog.at_level(logging.DEBUG):
        assert client.get("/auth/me", headers=bearer(token)).status_code == 401
        assert client.post("/auth/logout", headers=bearer(token)).status_code == 401
        client.post("/auth/refresh", json={"refresh_token": token})
    assert "made-up-line" not in caplog.text
    assert "\x1b" not in caplog.text


@pytest.mark.attack(20)
def test_nothing_that_a_login_or_a_registration_holds_is_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Names, passwords, devices and user agents are for fields, which a formatter escapes."""
    body = {"username": LINE, "password": LINE + "and long enough", "device_name": LINE}
    with caplog.at_level(logging.DEBUG):
        for path in ("/auth/login", "/auth/register"):
            client.post(path, json={**body, "email": LINE}, headers={"User-Agent": "made-up-line"})
        client.post("/auth/token", data={**body, "scope": LINE, "client_id": LINE})
        client.post("/auth/token", data={"grant_type": LINE})
        client.delete(
            "/auth/sessions/made-up-line%0d%0a", headers=bearer(log_in(client)["access_token"])
        )
    ours = [record for record in caplog.records if record.name.startswith("fastapi_jwtkit")]
    assert ours
    assert not any("made-up-line" in record.getMessage() for record in ours)
