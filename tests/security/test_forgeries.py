"""What ``forge`` makes is refused, each for its own flaw and for nothing else."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives import serialization
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from fastapi_jwtkit import JWTKit, KeyRing, require_scopes
from fastapi_jwtkit.clock import SystemClock
from fastapi_jwtkit.errors import ConfigurationError
from fastapi_jwtkit.events import EventName
from fastapi_jwtkit.keys.signing_key import SigningKey
from fastapi_jwtkit.testing.forgeries import BUILDERS, ForgeryName
from fastapi_jwtkit.testing.issuers import OutsideIssuer
from fastapi_jwtkit.testing.public_pem import public_pem
from fastapi_jwtkit.testing.tokens import FORGERIES, forge
from kits import Heard
from web_kits import Realm, bearer, make_settings

REASONS: dict[ForgeryName, str] = {
    "expired": "expired",
    "not_yet_valid": "not_yet_valid",
    "issued_in_future": "issued_in_future",
    "life_too_long": "life_too_long",
    "without_exp": "missing_exp",
    "without_sub": "missing_sub",
    "without_sid": "missing_sid",
    "wrong_issuer": "wrong_issuer",
    "wrong_audience": "wrong_audience",
    "other_realm": "wrong_realm",
    "wrong_typ": "wrong_typ",
    "other_transport": "wrong_typ",
    "bound_to_a_key": "bound_token",
    "critical_header": "refused_crit",
    "unknown_kid": "unknown_kid",
    "foreign_signature": "bad_signature",
    "bad_signature": "bad_signature",
    "stripped_signature": "not_compact",
    "changed_claims": "bad_signature",
    "alg_none": "not_compact",
    "alg_confusion": "wrong_alg",
    "refresh_as_access": "not_compact",
    "ended_session": "session_revoked",
}
"""Why each is refused, as the event says."""


class Door:
    """An app with one guarded route, and what it says of those whom it refuses."""

    def __init__(self, *, transport: str = "bearer", **settings: Any) -> None:
        self.heard = Heard()
        self.realm = Realm(transports=(transport,), parts={"events": (self.heard,)}, **settings)
        self.app = FastAPI()
        guard = Depends(require_scopes("tasks:read"))
        self.app.add_api_route("/tasks", lambda: "in", dependencies=[guard])
        self.realm.auth.install(self.app)
        self.client = TestClient(self.app, base_url="https://app.example.com")
        self.transport = transport

    def knock(self, token: str) -> int:
        """Return the status that a token gets."""
        cookies = self.realm.auth.cookies
        if cookies is None:
            return self.client.get("/tasks", headers=bearer(token)).status_code
        cookie = {"Cookie": f"{cookies.transport.access_name}={token}"}
        return self.client.get("/tasks", headers=cookie).status_code

    def reasons(self) -> list[str]:
        """Return why tokens were refused."""
        names = {EventName.TOKEN_REFUSED, EventName.TOKEN_REVOKED_USED}
        return [event.reason for event in self.heard.events if event.name in names]


def keys(alg: str) -> str:
    """Return a ring of one new key as text."""
    return KeyRing.generate(alg, now=SystemClock().now()).to_text()


def test_every_name_can_be_made() -> None:
    """The names that type checkers know are those that there are."""
    assert set(FORGERIES) == set(BUILDERS) == set(REASONS) == set(get_args(ForgeryName))
    assert len(FORGERIES) == len(set(FORGERIES))


@pytest.mark.parametrize("transport", ["bearer", "cookie"])
@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.std(46)
def test_a_forgery_is_refused_for_its_flaw(name: ForgeryName, transport: str) -> None:
    """And by that alone: the reason is the one that the name says."""
    door = Door(transport=transport)
    assert door.knock(forge(door.app, name, scopes=["tasks:read"])) == 401
    assert door.reasons() == [REASONS[name]]


@pytest.mark.parametrize("alg", ["HS256", "RS256", "EdDSA", "ES512"])
@pytest.mark.parametrize("name", ["alg_confusion", "foreign_signature", "bad_signature"])
@pytest.mark.attack(1)
def test_every_kind_of_key_is_attacked(name: ForgeryName, alg: str) -> None:
    """By what is public of it; a secret the other way round."""
    door = Door(keys=keys(alg))
    assert door.knock(forge(door.app, name, scopes=["tasks:read"])) == 401
    assert door.reasons() == [REASONS[name]]


@pytest.mark.parametrize("alg", ["RS256", "EdDSA", "ES256", "ES384", "ES512"])
def test_the_public_key_is_written_as_everybody_writes_it(alg: str) -> None:
    """Or the confusion would be tried with a secret that no server has."""
    jwk = SigningKey.generate(alg).public_jwk()
    text = public_pem(jwk)
    read = serialization.load_pem_public_key(text)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    assert read.public_bytes(serialization.Encoding.PEM, form) == text
    assert SigningKey.from_pem(text, alg=alg).public_jwk() == jwk


def test_a_kit_a_plugin_and_an_app_are_all_taken() -> None:
    """One without users has no refresh token, and is attacked by a made-up one."""
    door = Door()
    for target in (door.realm.kit, door.realm.auth, door.app):
        assert door.knock(forge(target, "expired")) == 401
    assert forge(JWTKit(make_settings()), "refresh_as_access").startswith("jkr_")


def test_a_name_that_is_none_is_an_error() -> None:
    """A token that was not made would be refused for nothing."""
    wrong: Any = "expird"
    with pytest.raises(ConfigurationError, match="expird"):
        forge(Door().app, wrong)


def test_production_keys_sign_nothing_here() -> None:
    """Expired or not."""
    kit = JWTKit(make_settings(env="prod", audience=("https://api.example.com",)))
    with pytest.raises(ConfigurationError, match="env='prod'"):
        forge(kit, "expired")


@pytest.mark.std(46)
def test_tokens_of_an_outside_issuer_open_nothing() -> None:
    """Good ones of its own, and those that borrow the name of ours."""
    door = Door()
    settings = door.realm.kit.settings
    outside = OutsideIssuer()
    audience = settings.audience[0]
    assert door.knock(outside.access_token(audience=audience, scopes=["tasks:read"])) == 401
    borrowed = outside.access_token(audience=audience, iss=settings.issuer, sid="s", sv=0)
    assert door.knock(borrowed) == 401
    assert door.knock(outside.id_token(client_id=audience)) == 401
    assert door.reasons() == ["unknown_kid", "unknown_kid", "wrong_typ"]
