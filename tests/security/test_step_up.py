"""An old login can be asked for again, and a refresh makes none younger."""

from __future__ import annotations

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from clocks import FakeClock
from fastapi_jwtkit import require_auth
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.web.audit import Status, audit_routes
from web_kits import Realm, bearer, log_in

CHALLENGE = 'Bearer error="insufficient_user_authentication", max_age="300"'


@pytest.mark.std(37, 38)
def test_an_old_login_is_asked_for_again_and_a_refresh_is_none() -> None:
    """401 with the challenge of RFC 9470 3; the next login passes."""
    clock = FakeClock()
    app, realm = FastAPI(), Realm(clock=clock)
    realm.auth.install(app)
    realm.add_user()

    @app.post("/payout", dependencies=[Depends(realm.auth.require_auth(max_age=300))])
    async def payout() -> str:
        return "paid"

    client = TestClient(app)
    pair = log_in(client)
    assert client.post("/payout", headers=bearer(pair["access_token"])).json() == "paid"
    clock.step(301)
    body = {"refresh_token": pair["refresh_token"]}
    refreshed = client.post("/auth/refresh", json=body).json()
    for token in (pair["access_token"], refreshed["access_token"]):
        refused = client.post("/payout", headers=bearer(token))
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == CHALLENGE
        assert refused.json()["error_code"] == "reauthentication_required"
        assert client.get("/auth/me", headers=bearer(token)).status_code == 200
    again = log_in(client)
    assert client.post("/payout", headers=bearer(again["access_token"])).status_code == 200
    assert client.post("/payout").headers["www-authenticate"] == "Bearer"
    (row,) = (row for row in audit_routes(app) if row.path == "/payout")
    assert (row.status, row.guards) == (Status.GUARDED, ("require_auth(max_age=300)",))


@pytest.mark.parametrize("max_age", [0, -1, 0.5])
def test_an_age_that_nobody_can_meet_is_refused(max_age: float) -> None:
    """At the start, with the way to write it."""
    with pytest.raises(ConfigurationError, match="is refused"):
        require_auth(max_age=max_age)
