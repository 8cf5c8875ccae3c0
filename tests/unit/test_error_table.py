"""The table that says how each error reads over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from fastapi_jwtkit import errors
from fastapi_jwtkit.errors import JWTKitError
from fastapi_jwtkit.web.errors import TABLE, row_of, to_http


def subclasses(root: type[JWTKitError]) -> Iterator[type[JWTKitError]]:
    """Yield every class below ``root`` that the package defines."""
    for child in root.__subclasses__():
        if child.__module__.startswith("fastapi_jwtkit."):
            yield child
            yield from subclasses(child)


ALL = sorted(set(subclasses(JWTKitError)), key=lambda each: each.__name__)


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_row(error: type[JWTKitError]) -> None:
    """An error without a row would be a bare 500 that tells a client nothing."""
    assert any(ancestor in TABLE for ancestor in error.__mro__)
    if not issubclass(error, errors.ConfigurationError | errors.UnavailableError):
        assert error in TABLE


def test_no_row_stands_for_nothing() -> None:
    """A row for a class outside the tree would never be used."""
    assert set(TABLE) <= set(ALL)


@pytest.mark.std(34)
@pytest.mark.parametrize("error", ALL)
def test_every_401_has_a_challenge(error: type[JWTKitError]) -> None:
    """RFC 9110 15.5.2: a 401 says how to authenticate."""
    row = row_of(error)
    # A forged request by cookies needs no other token: nothing is asked for.
    if row.status == 401 or (row.status == 403 and error is not errors.CsrfError):
        assert row.challenge is not None
        assert row.challenge.startswith("Bearer")


@pytest.mark.std(13, 33)
@pytest.mark.parametrize("error", ALL)
def test_public_texts_fit_an_error_description(error: type[JWTKitError]) -> None:
    """RFC 6749 5.2 allows printable ASCII without quote and backslash."""
    row = row_of(error)
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", row.text)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.error_code)


@pytest.mark.parametrize("error", [errors.ConfigurationError, errors.MissingKeyError])
def test_a_developers_mistake_is_a_500_that_tells_nothing(
    error: type[errors.ConfigurationError],
) -> None:
    """What is wrong with the configuration is for the log, not for a client."""
    answer = to_http(error("the key in /etc/secret is weak", fix="do this"))
    assert answer.status_code == 500
    assert answer.body() == {
        "detail": "The server could not answer the request.",
        "error_code": "server_error",
    }


def test_the_precise_reason_never_reaches_the_client() -> None:
    """Two causes of one class give the same bytes."""
    bodies = [to_http(errors.InvalidTokenError(reason)) for reason in ("expired", "bad_mac")]
    assert bodies[0].body() == bodies[1].body()
    assert bodies[0].headers == bodies[1].headers


@pytest.mark.std(15)
@pytest.mark.parametrize(
    ("seconds", "header"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.1, "2"), (59.5, "60")]
)
def test_retry_after_is_whole_seconds_and_never_zero(seconds: float, header: str) -> None:
    """A client that is told 0 would ask again at once."""
    for error in (
        errors.ThrottledError(seconds),
        errors.UnavailableError("store", retry_after=seconds),
        errors.HashingBusyError("queue_full", retry_after=seconds),
    ):
        headers = to_http(error).headers
        assert headers is not None
        assert headers["Retry-After"] == header


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (errors.PasswordRejectedError("password_too_short", "Use 15 characters."), "password"),
        (errors.LoginRejectedError("login_malformed", "Leave out invisible ones."), "username"),
    ],
)
def test_a_rejected_account_says_what_to_change(error: JWTKitError, field: str) -> None:
    """NIST SP 800-63B-4 3.1.1.2: the person is told why."""
    answer = to_http(error)
    assert answer.status_code == 422
    assert answer.body()["errors"] == [
        {"loc": ["body", field], "msg": answer.detail, "type": error.reason}
    ]


def test_an_oauth_answer_carries_both_spellings() -> None:
    """OAuth clients read ``error``, FastAPI's clients read ``detail``."""
    answer = to_http(errors.InvalidGrantError("reused"), oauth=True)
    assert answer.body() == {
        "detail": "The grant is invalid, expired or revoked.",
        "error_code": "invalid_grant",
        "error": "invalid_grant",
        "error_description": "The grant is invalid, expired or revoked.",
    }
