"""One spelling of an address, and nothing that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.credentials import canonical_email, canonical_login


@pytest.mark.attack(17)
@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("ann@example.com", "ann@example.com"),
        (" Ann@EXAMPLE.com\n", "ann@example.com"),
        ("\uff21nn@example.com", "ann@example.com"),
        ("mi\u017fe@example.com", "mise@example.com"),
        ("ann+shop@example.com", "ann+shop@example.com"),
        ("Zoë@Exämple.com", "zoë@exämple.com"),
        ("ann@localhost", "ann@localhost"),
    ],
)
def test_an_address_has_one_spelling(typed: str, canonical: str) -> None:
    """That is stored, compared and mailed to (Django CVE-2019-19844)."""
    assert canonical_email(typed) == canonical


@pytest.mark.attack(17, 20)
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "a@b@c",
        "a b@example.com",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\u2028b",
        "<a@example.com>",
        "Ann <a@example.com>",
        '"a"@example.com',
        "a@exa\x00mple.com",
        "a@\ud800",
        "a" * 65 + "@example.com",
        "a@" + "b" * 253,
    ],
)
def test_what_is_no_address_is_none(typed: str) -> None:
    """No second address, no header, no quoting."""
    assert canonical_email(typed) is None


@given(st.text(max_size=80))
def test_an_address_is_a_login_that_is_its_own_canonical_spelling(typed: str) -> None:
    """Applying it again changes nothing."""
    address = canonical_email(f"{typed}@example.com")
    if address is not None:
        assert canonical_email(address) == address == canonical_login(address)
        assert address.count("@") == 1
        assert not any(character.isspace() for character in address)
