"""The account routes promise what they answer, in the document."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from account_pages import Pages
from fastapi_jwtkit import JWTAuth, JWTKit
from fastapi_jwtkit.accounts.outbox import Outbox
from fastapi_jwtkit.web.mounted_kit import ALL, BY_NAME_ONLY
from web_kits import Realm, make_settings

FLOWS = {
    "/password/change": ["204", "401", "422", "429", "503"],
    "/password/forgot": ["202", "422", "429", "503"],
    "/password/reset": ["204", "400", "422", "429", "503"],
    "/email/verify-request": ["202", "422", "429", "503"],
    "/email/verify": ["204", "400", "422", "429", "503"],
    "/email/change": ["202", "401", "422", "429", "503"],
    "/email/change/confirm": ["204", "400", "422", "429", "503"],
    "/account/delete": ["204", "401", "422", "429", "503"],
}


def operations(app: FastAPI) -> dict[str, dict[str, Any]]:
    """Return what the document says of each route below ``/auth`` that is posted to."""
    paths = app.openapi()["paths"]
    return {
        path.removeprefix("/auth"): methods["post"]
        for path, methods in paths.items()
        if path.startswith("/auth") and "post" in methods
    }


def test_every_answer_of_a_flow_is_described() -> None:
    """Bodies too, and which of them need a token."""
    described = operations(Pages().app)
    assert {path: sorted(described[path]["responses"]) for path in FLOWS} == FLOWS
    guarded = {path for path in FLOWS if "security" in described[path]}
    assert guarded == {"/password/change", "/email/change", "/account/delete"}
    assert all("requestBody" in described[path] for path in FLOWS)


@pytest.mark.parametrize("setting", [{"login_is_email": True}, {"email_verification": "ask"}])
def test_a_registration_that_may_not_tell_is_described_so(setting: dict[str, Any]) -> None:
    """No 409, no account in the answer."""
    register = operations(Pages(**setting).app)["/register"]
    assert sorted(register["responses"]) == ["202", "422", "429", "503"]


def mounted(routes: frozenset[str], **parts: Any) -> set[str]:
    """Return the flows that are there."""
    app = FastAPI()
    realm = Realm(routes=routes, parts=parts)
    realm.auth.install(app)
    return set(operations(app)) & set(FLOWS)


def test_each_flow_can_be_left_out_and_needs_its_parts() -> None:
    """Nothing that writes to people is there without a mailer."""
    everything = ALL | BY_NAME_ONLY
    mailer = Outbox(echo=False)
    assert mounted(everything, mailer=mailer) == set(FLOWS)
    assert mounted(everything) == {"/password/change", "/account/delete"}
    assert mounted(ALL, mailer=mailer) == set(FLOWS) - {"/account/delete"}
    less = everything - {"password-reset", "email-change"}
    assert mounted(less, mailer=mailer) == {
        "/password/change",
        "/email/verify-request",
        "/email/verify",
        "/account/delete",
    }


def test_a_kit_without_users_has_no_flows() -> None:
    """It only verifies, and needs no URL for links."""
    app = FastAPI()
    JWTAuth(JWTKit(make_settings())).install(app)
    assert operations(app) == {}
