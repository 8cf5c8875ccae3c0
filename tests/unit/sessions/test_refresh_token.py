"""The refresh token: one spelling, bound to realm, row and secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_jwtkit.errors import InvalidGrantError
from fastapi_jwtkit.keys.secret_ring import SecretRing
from fastapi_jwtkit.records import Session
from fastapi_jwtkit.sessions import refresh_token as module
from fastapi_jwtkit.sessions.refresh_token import (
    authenticate_refresh_token,
    read_refresh_token,
    refresh_token_of,
)

REALM = "https://a.example"
SECRETS = SecretRing.generate(now=0.0)
SESSION = Session(
    realm=REALM,
    sid="AAECAwQFBgcICQoLDA0ODw",
    line=bytes(range(16)),
    subject="1",
    client_id="first-party",
    scope=None,
    audience=("a",),
    transport="bearer",
    auth_time=0,
    amr=("pwd",),
    created_at=0.0,
    absolute_expiry=100.0,
    idle_expiry=50.0,
    counter=7,
    mac_key_id=SECRETS.active_id,
    last_seen_at=0.0,
)
TOKEN = refresh_token_of(SESSION, SECRETS)


def test_a_token_says_what_it_was_made_of() -> None:
    """Packing and unpacking lose nothing."""
    token = read_refresh_token(TOKEN, realm=REALM)
    assert (token.sid, token.line, token.counter) == (SESSION.sid, SESSION.line, 7)
    authenticate_refresh_token(token, SECRETS, realm=REALM)


def test_the_same_row_gives_the_same_token() -> None:
    """A replay can be answered with the very same successor, which was never stored."""
    assert refresh_token_of(SESSION, SECRETS) == TOKEN
    assert refresh_token_of(replace(SESSION, counter=8), SECRETS) != TOKEN


@pytest.mark.std(19)
@given(position=st.integers(0, len(TOKEN) - 1), other=st.characters(codec="utf-8"))
def test_no_changed_character_passes(position: int, other: str) -> None:
    """Every bit of the token is covered: by its form, its realm or its MAC."""
    changed = TOKEN[:position] + other + TOKEN[position + 1 :]
    if changed == TOKEN:
        return
    with pytest.raises(InvalidGrantError):
        authenticate_refresh_token(read_refresh_token(changed, realm=REALM), SECRETS, realm=REALM)


@pytest.mark.std(19)
def test_each_flipped_bit_is_refused() -> None:
    """Flip every single bit of the signed part in turn."""
    body, _, mac = TOKEN.removeprefix("jkr_").partition(".")
    raw = bytearray(module._decode(body))
    for bit in range(len(raw) * 8):
        raw[bit // 8] ^= 1 << bit % 8
        forged = f"jkr_{module._encode(bytes(raw))}.{mac}"
        with pytest.raises(InvalidGrantError):
            authenticate_refresh_token(
                read_refresh_token(forged, realm=REALM), SECRETS, realm=REALM
            )
        raw[bit // 8] ^= 1 << bit % 8


@given(text=st.text(max_size=200))
def test_no_other_text_is_a_token(text: str) -> None:
    """Garbage is refused with one kind of error and never breaks the reader."""
    with pytest.raises(InvalidGrantError):
        read_refresh_token(text, realm=REALM)


def test_a_token_of_another_realm_is_refused_before_its_mac() -> None:
    """The realm is in the token and in the key of its MAC."""
    other = "https://b.example"
    with pytest.raises(InvalidGrantError):
        read_refresh_token(TOKEN, realm=other)
    token = read_refresh_token(TOKEN, realm=REALM)
    with pytest.raises(InvalidGrantError):
        authenticate_refresh_token(token, SECRETS, realm=other)


def test_the_database_alone_forges_nothing() -> None:
    """Who knows the whole row and not the secret makes a token that is refused."""
    theirs = SecretRing.generate(now=0.0)
    forged = refresh_token_of(replace(SESSION, mac_key_id=theirs.active_id), theirs)
    with pytest.raises(InvalidGrantError):
        authenticate_refresh_token(read_refresh_token(forged, realm=REALM), SECRETS, realm=REALM)


def test_neither_a_token_nor_a_row_shows_its_secrets() -> None:
    """What authenticates does not appear in repr."""
    token = read_refresh_token(TOKEN, realm=REALM)
    assert str(SESSION.line) not in repr(SESSION)
    assert str(token.mac) not in repr(token)
    assert str(token.line) not in repr(token)
