"""What ``protect`` and ``public`` refuse, and what OpenAPI says of an app with a gate."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import OptionalPrincipal, current_principal, public
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.principal import Principal
from fastapi_jwtkit.testing.guarded import assert_all_guarded
from web_kits import PASSWORD, Realm


def protected(**options: Any) -> FastAPI:
    """Return an app with a gate."""
    app, realm = FastAPI(), Realm()
    realm.auth.install(app)

    @app.get("/plain")
    async def plain() -> str:
        return "plain"

    @app.get("/optional")
    async def optional(_: OptionalPrincipal) -> str:
        return "optional"

    @app.get("/told", dependencies=[Depends(public(reason="a probe"))])
    async def told() -> str:
        return "told"

    realm.auth.protect(app, **options)
    return app


@pytest.mark.parametrize("reason", ["", " "])
def test_a_mark_needs_a_reason(reason: str) -> None:
    """Nobody could tell it from a mistake."""
    with pytest.raises(ConfigurationError, match="no reason"):
        public(reason=reason)


@pytest.mark.parametrize("entries", [{"static": "css"}, {"/static": ""}, {"": "all"}])
def test_an_opening_is_a_path_and_a_reason(entries: dict[str, str]) -> None:
    """Else nothing is protected, and the start says so."""
    with pytest.raises(ConfigurationError, match="is refused"):
        protected(public=entries)


def test_a_gate_needs_its_plugin_its_place_and_no_other_gate() -> None:
    """A gate that is not asked lets everybody in."""
    realm, app = Realm(), FastAPI()
    with pytest.raises(ConfigurationError, match="not installed"):
        realm.auth.protect(app)
    realm.auth.install(app)
    realm.auth.protect(app)
    with pytest.raises(ConfigurationError, match="twice"):
        realm.auth.protect(app)
    other, second = FastAPI(), Realm()
    second.auth.install(other)
    del vars(other.router)["middleware_stack"]
    with pytest.raises(ConfigurationError, match="no place for the gate"):
        second.auth.protect(other)


def test_the_schema_says_what_the_gate_does() -> None:
    """A token for what nobody marked, whatever its guard is; nothing for what is public."""
    paths = protected().openapi()["paths"]
    assert paths["/plain"]["get"]["security"] == [{"JWTKit": []}]
    assert paths["/optional"]["get"]["security"] == [{"JWTKit": []}]
    assert "401" in paths["/plain"]["get"]["responses"]
    assert "security" not in paths["/told"]["get"]
    assert "security" not in paths["/auth/login"]["post"]


def test_two_realms_open_one_gate() -> None:
    """Whoever is known to either is no stranger; guards tell them apart."""
    app, first, second = FastAPI(), Realm(), Realm(prefix="/staff", issuer="https://staff.example")
    first.auth.install(app)
    second.auth.install(app)
    first.auth.protect(app)

    @app.get("/plain")
    async def plain() -> str:
        return "plain"

    schema = app.openapi()
    assert schema["paths"]["/plain"]["get"]["security"] == [{"JWTKit": []}, {"JWTKit-staff": []}]
    client = TestClient(app)
    for realm, prefix in ((first, "/auth"), (second, "/staff")):
        realm.add_user()
        body = {"username": "ann", "password": PASSWORD}
        pair = client.post(f"{prefix}/login", json=body).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        assert client.get("/plain", headers=headers).status_code == 200
    assert client.get("/plain", headers={"Authorization": "Bearer x"}).status_code == 401


def test_an_override_of_the_principal_passes_the_gate() -> None:
    """One line in a test reaches it as it reaches the guards."""
    app = protected()
    app.dependency_overrides[current_principal] = lambda: Principal(subject="ann")
    assert TestClient(app).get("/plain").status_code == 200
    app.dependency_overrides[current_principal] = lambda: None
    assert TestClient(app).get("/plain").status_code == 401


def test_an_opening_that_nothing_needs_is_found() -> None:
    """It may be a path that was renamed, and is closed now."""
    app = protected(public={"/statics": "style sheets", "*": "nothing is there"})
    with pytest.raises(AssertionError, match="/statics  protect"):
        assert_all_guarded(app, public={"/plain": "a test", "/optional": "a test"})
